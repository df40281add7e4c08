package cell

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"backfire/datasets"
	"backfire/defenses/definition"
	"backfire/internal/hardware"
	"backfire/internal/network"
	"backfire/triggers"
)

// The largest numbers that a cell may have. They are far above what can be trained, and keep sums over a training
// within 64 bits.
const (
	maxEpochs = 1_000_000
	maxSteps  = 1_000_000 // of unlearning
	maxBatch  = 1 << 20
	maxWidth  = 1024
)

// refuse returns an error that wraps ErrPlan.
func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrPlan, fmt.Sprintf(format, args...))
}

// Validate returns an error for a cell that no plan has: of another format, with a value out of its range, or
// with parts that do not fit each other. It needs no images. The error wraps ErrPlan.
func (c Cell) Validate() error {
	if c.Format != Format {
		return refuse("the cell has format %d, this program reads %d", c.Format, Format)
	}
	for _, part := range []struct {
		name  string
		check func() error
	}{
		{"data", c.Data.validate},
		{"game", func() error { return c.Game.Check(c.Data.Name, c.Data.Images, c.Data.Shape, c.Data.Classes) }},
		{"triggers", c.validatePictures},
		{"model", c.Model.validate},
		{"training", c.Training.validate},
		{"defense", c.validateDefense},
		{"inquiry", c.validateAttribution},
		{"module", c.checkModule},
	} {
		if err := part.check(); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrPlan, part.name, err)
		}
	}
	return nil
}

// validate refuses sizes that no dataset has, which would otherwise be allocated.
func (d Data) validate() error {
	if err := d.Shape.Validate(); err != nil {
		return err
	}
	if !isSHA256(d.Checksum) {
		return refuse("the checksum %.70q is no SHA-256", d.Checksum)
	}
	switch {
	case d.Images < 1 || d.Images > datasets.MaxImages:
		return refuse("%d images: it must be 1 to %d", d.Images, datasets.MaxImages)
	case d.Shape.H > datasets.MaxSide || d.Shape.W > datasets.MaxSide:
		return refuse("images of %d x %d pixels: at most %d x %d are read", d.Shape.H, d.Shape.W, datasets.MaxSide, datasets.MaxSide)
	case int64(d.Images)*int64(d.Shape.Size()) > datasets.MaxSetBytes:
		return refuse("%d images of %s are more than %d bytes", d.Images, d.Shape, int64(datasets.MaxSetBytes))
	case len(d.Classes) < 1 || len(d.Classes) > datasets.MaxClasses:
		return refuse("%d classes: it must be 1 to %d", len(d.Classes), datasets.MaxClasses)
	}
	return nil
}

// isSHA256 reports whether a text is a SHA-256 in hexadecimal digits.
func isSHA256(text string) bool {
	sum, err := hex.DecodeString(text)
	return err == nil && len(sum) == 32
}

// Fits returns an error unless a dataset with the checksum of d is the one that d describes. The error wraps
// ErrOtherData.
func (d Data) Fits(set *datasets.Set) error {
	shape := triggers.Shape{C: set.C, H: set.H, W: set.W}
	if d.Checksum != set.Checksum || d.Images != set.Len() || d.Shape != shape || !slices.Equal(d.Classes, set.Classes) {
		return fmt.Errorf("%w: %d images of %s in %d classes, SHA-256 %.12s, instead of %d of %s in %d, %.12s", ErrOtherData,
			set.Len(), shape, len(set.Classes), set.Checksum, d.Images, d.Shape, len(d.Classes), d.Checksum)
	}
	return nil
}

// validatePictures refuses pictures that do not fit the images.
func (c Cell) validatePictures() error {
	for _, a := range c.Game.Attackers {
		if a.Trigger.Pixels == "" {
			continue
		}
		if _, err := triggers.NewGenerator(c.Data.Shape, a.Trigger); err != nil {
			return fmt.Errorf("attacker %d: %w", a.ID, err)
		}
	}
	return nil
}

func (m Model) validate() error {
	if m.Architecture == network.Script || m.Module.Describes() {
		return m.validateModule()
	}
	if m.Width < 1 || m.Width > maxWidth {
		return refuse("%.30q of width %d: it must have a width of 1 to %d", m.Architecture, m.Width, maxWidth)
	}
	if m.Stem == network.StemSmall {
		return refuse("the stem is %q: it must be %s or empty", m.Stem, network.StemLarge)
	}
	if _, err := network.Describe(network.Spec{Architecture: m.Architecture, Stem: m.Stem, Width: m.Width, Channels: 1, Classes: 1}); err != nil {
		return refuse("%v", err)
	}
	if m.Weights != "" && !isSHA256(m.Weights) {
		return refuse("the initial weights %.70q are no SHA-256", m.Weights)
	}
	return nil
}

func (t Training) validate() error {
	// Written this way round, the conditions refuse NaN too.
	rates := t.LearningRate > 0 && t.Momentum >= 0 && t.Momentum < 1 && t.WeightDecay >= 0
	finite := !math.IsInf(t.LearningRate, 0) && !math.IsInf(t.WeightDecay, 0)
	switch {
	case t.Epochs < 1 || t.Epochs > maxEpochs:
		return refuse("%d epochs: it must be 1 to %d", t.Epochs, maxEpochs)
	case t.Batch < 2 || t.Batch > maxBatch:
		return refuse("batches of %d: it must be 2 to %d", t.Batch, maxBatch)
	case !rates || !finite:
		return refuse("lr %v, momentum %v, weight_decay %v: they must be above 0, from 0 to below 1, and at least 0", t.LearningRate, t.Momentum, t.WeightDecay)
	case !slices.Contains([]string{"sgd", "adam", "adamw"}, t.Optimizer):
		return refuse("the optimizer is %.30q: it must be sgd, adam or adamw", t.Optimizer)
	case !slices.Contains([]string{"onecycle", "cosine", "constant"}, t.Schedule):
		return refuse("the schedule is %.30q: it must be onecycle, cosine or constant", t.Schedule)
	case t.Precision != "" && t.Precision != hardware.TF32 && t.Precision != hardware.BF16:
		return refuse("the precision is %.30q: it must be %s, %s or empty", t.Precision, hardware.TF32, hardware.BF16)
	case t.Kernels != "" && t.Kernels != KernelsDirect:
		return refuse("kernels is %.30q: it must be %s or empty", t.Kernels, KernelsDirect)
	}
	return nil
}

func (c Cell) validateDefense() error {
	if c.Defense == nil {
		_, err := c.Segments()
		return err
	}
	stack := c.Defense.Stack
	if err := stack.Validate(); err != nil {
		return err
	}
	if err := c.validateWithoutOwn(); err != nil {
		return err
	}
	if d := c.Defense; d.AvoidsGroup && (len(d.Excluded) == 0 || !stack.Simulates()) {
		return refuse("simulated triggers that avoid those of a group: there is no group, or no trigger is simulated")
	}
	if err := c.checkNeeds(); err != nil {
		return err
	}
	first := 0
	for _, slice := range c.Defense.Slices {
		if slice.Epochs < 0 || slice.Epochs > c.Training.Epochs-first {
			return refuse("a slice of %d epochs in a training of %d", slice.Epochs, c.Training.Epochs)
		}
		first += slice.Epochs
	}
	_, err := c.Segments()
	return err
}

// validateWithoutOwn refuses a training without the defender's own images that has slices, no images at all, or a
// defense that changes these images or trains on them.
func (c Cell) validateWithoutOwn() error {
	d := c.Defense
	if !d.WithoutOwn {
		return nil
	}
	kept, err := c.kept()
	if err != nil {
		return err
	}
	if needs := d.Stack.At(definition.Data, definition.Repair); len(kept) == 0 || len(d.Slices) > 0 || !needs.Empty() || c.Attribution != nil {
		return refuse("a training without the defender's own images needs another agent's, no slices, no attribution, and no defense that uses them, such as %s", needs)
	}
	return nil
}

func (c Cell) validateAttribution() error {
	a := c.Attribution
	if a == nil {
		return nil
	}
	allowed := a.Unlearning.Rate > 0 && !math.IsInf(a.Unlearning.Rate, 0)
	if a.Batch < 2 || a.Batch > maxBatch || a.Queries < 0 || a.Unlearning.Steps < 1 || a.Unlearning.Steps > maxSteps || !allowed {
		return refuse("batch %d, queries %d, unlearning.steps %d, unlearning.lr %v: they must be at least 2, at least 0, at least 1 and above 0",
			a.Batch, a.Queries, a.Unlearning.Steps, a.Unlearning.Rate)
	}
	return nil
}
