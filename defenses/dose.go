package defenses

import (
	"fmt"

	"backfire/defenses/definition"
	"backfire/internal/streams"
)

// Placement selects where adversarial training puts the rows that it changes.
type Placement string

const (
	// Add keeps the original rows and appends the changed copies to the batch,
	// so that each step trains on more rows (section 3.2 of the paper, on
	// adversarial training).
	Add Placement = "add"
	// Replace replaces the original rows by the changed copies, as Madry et al.
	// do.
	Replace Placement = "replace"
)

// Dose sets the share of each batch that adversarial training changes, and where
// the changed rows go.
type Dose struct {
	// Share in (0, 1] is the share of the batch's rows, rounded to whole rows.
	Share float64 `json:"share" yaml:"share"`
	// Placement is Add or Replace.
	Placement Placement `json:"placement" yaml:"placement"`
}

// dose returns the dose; settings that embed a Dose inherit it.
func (d Dose) dose() Dose { return d }

// rows returns the number of rows that are changed in a batch of n.
func (d Dose) rows(n int) int { return round(d.Share, n) }

// Fits refuses a share of a batch that rounds to zero rows. Settings that embed a Dose
// inherit it.
func (d Dose) Fits(scale Scale) error {
	if d.rows(scale.Batch) == 0 {
		return fmt.Errorf("share is %v: of a batch of %d images that is none", d.Share, scale.Batch)
	}
	return nil
}

// settings declares the settings of a dose, with the default share and the help of
// both.
func (Dose) settings(share, shareHelp, placementHelp string) []definition.Setting {
	return []definition.Setting{
		{Key: "share", Default: share, Range: "(0,1]", Help: shareHelp},
		{Key: "placement", Default: string(Add), Oneof: []string{string(Add), string(Replace)}, Help: placementHelp},
	}
}

// exampleDose declares the dose of adversarial examples.
func exampleDose() []definition.Setting {
	return Dose{}.settings("1", "share of a batch's images that examples are made of", "add the examples to the batch, or put them in the images' places")
}

// attack draws the adversarial examples of the batches of one training.
type attack struct {
	Perturbation // without its rows
	dose         Dose
	seed         uint64
}

// Draw draws the rows that examples are made of.
func (a *attack) Draw(batch *Batch, epoch, step, n int) int {
	rows := a.dose.rows(n)
	if rows == 0 {
		return n
	}
	drawn := a.Perturbation
	drawn.Rows = chooseRows(streams.New(a.seed, "perturbation", uint64(epoch), uint64(step)), n, rows)
	batch.Perturbation = &drawn
	if drawn.Placement == Add {
		n += rows
	}
	return n
}

// Start draws a random start.
func (a *attack) Start(dst []float32, epoch, step int) {
	if !a.RandomStart {
		return
	}
	rng := streams.New(a.seed, "perturbation start", uint64(epoch), uint64(step))
	for i := range dst {
		dst[i] = float32(a.Epsilon) * (2*rng.Float32() - 1)
	}
}
