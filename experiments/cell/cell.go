package cell

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"backfire/datasets"
	"backfire/game"
	"backfire/internal/network"
	"backfire/triggers"
)

// Format is the version of Cell. It rises when the same fields would come to mean another model, so that old
// results are not taken for new ones.
const Format = 1

// ResNet18 is the architecture of the paper's models.
const ResNet18 = network.ResNet18

var (
	// ErrPlan marks a configuration that cannot be played on a dataset. Nothing has been trained then.
	ErrPlan = errors.New("cannot be planned")
	// ErrOtherData marks images that differ from those of the cell.
	ErrOtherData = errors.New("the data are not those that were planned with")
)

// Loader loads a dataset; datasets.Load is one.
type Loader func(context.Context, datasets.Source) (*datasets.Set, error)

// Cell is everything that fixes one trained model: two cells with equal fields give the same model, and each
// cell is trained once, however many games need it. Device, threads, workers and paths only decide where and
// how fast it is trained, and are not part of it.
type Cell struct {
	Format   int        `json:"format" yaml:"format"`
	Data     Data       `json:"data" yaml:"data"`
	Game     game.Rules `json:"game" yaml:"game"`
	Model    Model      `json:"model" yaml:"model"`
	Training Training   `json:"training" yaml:"training"`
	// Defense is nil, and not written, if the defender does nothing.
	Defense *Defense `json:"defense,omitempty" yaml:"defense,omitempty"`
	// Attribution is nil, and not written, if the model only predicts the probes.
	Attribution *Attribution `json:"inquiry,omitempty" yaml:"inquiry,omitempty"`
}

// Data identifies the images of a cell by their content, wherever they lie and by whatever name they were
// requested: "train" and "auto" may be the same images, which the checksum shows.
type Data struct {
	Name     string         `json:"name" yaml:"name"`         // embedded, mnist, ...
	Checksum string         `json:"checksum" yaml:"checksum"` // SHA-256 of images, labels and classes, see datasets.Set
	Images   int            `json:"images" yaml:"images"`
	Shape    triggers.Shape `json:"shape" yaml:"shape"`
	Classes  []string       `json:"classes" yaml:"classes"` // names in the order of the labels
}

// Model is the network that is trained. The sizes of its input and output follow from the data.
type Model struct {
	Architecture string `json:"architecture" yaml:"architecture"` // one of network.Architectures, or network.Script
	// Stem is network.StemLarge. It is empty, and not written, for the stem for small images.
	Stem  string `json:"stem,omitempty" yaml:"stem,omitempty"`
	Width int    `json:"width" yaml:"width"` // channels of the first stage; the published networks have 64, modules 0
	// Module identifies the TorchScript module that is trained, with network.Script. It is zero, and not written,
	// for other networks.
	Module network.Module `json:"module,omitzero" yaml:"module,omitempty"`
	// Weights is the SHA-256 of a file of initial weights, see CheckWeights. It is empty, and not written, where
	// all weights are drawn.
	Weights string `json:"weights,omitempty" yaml:"weights,omitempty"`
}

// KernelsDirect is the value of Training.Kernels that has convolutions computed by direct sums on a CPU.
const KernelsDirect = "direct"

// Training holds the hyperparameters of a training.
type Training struct {
	Epochs       int     `json:"epochs" yaml:"epochs"` // at most, with StopWhen
	Batch        int     `json:"batch" yaml:"batch"`
	Optimizer    string  `json:"optimizer" yaml:"optimizer"` // sgd, adam or adamw
	LearningRate float64 `json:"lr" yaml:"lr"`               // the schedule's peak
	Momentum     float64 `json:"momentum" yaml:"momentum"`
	WeightDecay  float64 `json:"weight_decay" yaml:"weight_decay"`
	Nesterov     bool    `json:"nesterov" yaml:"nesterov"`
	Schedule     string  `json:"schedule" yaml:"schedule"` // onecycle, cosine or constant
	// Precision is hardware.TF32 or BF16. It is empty, and not written, for FP32, the reference.
	Precision string `json:"precision,omitempty" yaml:"precision,omitempty"`
	// Kernels is KernelsDirect. It is empty, and not written, for kernels that are chosen by the shapes of the
	// layers.
	Kernels string `json:"kernels,omitempty" yaml:"kernels,omitempty"`
	// StopWhen is the text of a stoprule.Rule, which ends the training before Epochs. It is empty, and not
	// written, for none.
	StopWhen string `json:"stop_when,omitempty" yaml:"stop_when,omitempty"`
	// Seed seeds the training: initial weights, order of the images and the defense's draws. It is nil, and not
	// written, if it is that of the game.
	Seed *uint64 `json:"seed,omitempty" yaml:"seed,omitempty"`
}

// Parse reads a cell from YAML, or from JSON, which is YAML. It refuses fields that a Cell does not have, and cells
// that Validate refuses.
func Parse(data []byte) (Cell, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var c Cell
	if err := decoder.Decode(&c); err != nil {
		return Cell{}, fmt.Errorf("cell: parse: %w", err)
	}
	if err := c.Validate(); err != nil {
		return Cell{}, fmt.Errorf("cell: parse: %w", err)
	}
	return c, nil
}

// Title returns a name of the cell for people: "attacker 3 alone", "attacker 3 alone, draw 2" (counted from
// 1), "N = 5" or "N = 5, cutmix, leaving out agent 3".
func (c Cell) Title() string {
	title := c.gameTitle()
	if c.Defense != nil {
		title += ", " + c.Defense.String()
	}
	if c.Attribution != nil {
		title += ", asked without an index"
	}
	if c.Training.Seed != nil {
		title += ", trained with another seed"
	}
	return title
}

func (c Cell) gameTitle() string {
	title := fmt.Sprintf("N = %d", len(c.Game.Attackers))
	if len(c.Game.Attackers) == 1 {
		title = fmt.Sprintf("attacker %d alone", c.Game.Attackers[0].ID)
	}
	if c.Game.Seats > 0 {
		title += fmt.Sprintf(" on %d seats", c.Game.Seats)
	}
	if len(c.Game.Attackers) == 1 {
		if draw := c.Game.Attackers[0].Draw; draw > 0 {
			title += fmt.Sprintf(", draw %d", draw+1)
		}
		return title
	}
	for _, a := range c.Game.Attackers {
		if a.PoisonRate == 0 {
			title += fmt.Sprintf(", attacker %d poisons nothing", a.ID)
		}
	}
	return title
}

// TrainingSeed returns the seed of the training.
func (c Cell) TrainingSeed() uint64 {
	if c.Training.Seed != nil {
		return *c.Training.Seed
	}
	return c.Game.Seed
}

// SeedTraining sets the seed of the training.
func (c *Cell) SeedTraining(seed uint64) {
	c.Training.Seed = &seed
	if seed == c.Game.Seed {
		c.Training.Seed = nil
	}
}

// playing returns the cell that plays other rules without a defense and without attribution.
func (c Cell) playing(rules game.Rules) Cell {
	c.Defense, c.Attribution, c.Game = nil, nil, rules
	return c
}

// MatchedSingle returns the cell of the matched single game of the attacker at that position, without a defense
// and without attribution; false if there is none, see game.Rules.MatchedSingle.
func (c Cell) MatchedSingle(position int) (Cell, bool) {
	rules, ok := c.Game.MatchedSingle(position)
	return c.playing(rules), ok
}

// Lone returns the cell in which the attacker at that position owns everything that the defender does not, without
// a defense and without attribution.
func (c Cell) Lone(position int) Cell { return c.playing(c.Game.Lone(position)) }
