package cell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"backfire/datasets"
	"backfire/game"
	"backfire/triggers"
)

// Format is the version of Cell. It rises when the same fields would come to mean another model, so that old
// results are not taken for new ones.
const Format = 1

// ResNet18 is the architecture of the paper's models, the only one so far.
const ResNet18 = "resnet18"

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
	Architecture string `json:"architecture" yaml:"architecture"` // ResNet18
	Width        int    `json:"width" yaml:"width"`               // channels of the first stage; the paper's is 64
}

// KernelsDirect is the value of Training.Kernels that has convolutions computed by direct sums on a CPU.
const KernelsDirect = "direct"

// Training holds the hyperparameters of a training.
type Training struct {
	Epochs       int     `json:"epochs" yaml:"epochs"`
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
// 1), "N = 5" or "N = 5, cutmix, leaving out attacker 3".
func (c Cell) Title() string {
	title := c.gameTitle()
	if c.Defense != nil {
		title += ", " + c.Defense.String()
	}
	if c.Attribution != nil {
		title += ", asked without an index"
	}
	return title
}

func (c Cell) gameTitle() string {
	if len(c.Game.Attackers) == 1 {
		title := fmt.Sprintf("attacker %d alone", c.Game.Attackers[0].ID)
		if draw := c.Game.Attackers[0].Draw; draw > 0 {
			title += fmt.Sprintf(", draw %d", draw+1)
		}
		return title
	}
	return fmt.Sprintf("N = %d", len(c.Game.Attackers))
}

// Alone returns the cell in which the attacker at that position of the game plays alone, without a defense
// and without attribution.
func (c Cell) Alone(position int) Cell {
	c.Defense, c.Attribution = nil, nil
	c.Game.Attackers = slices.Clone(c.Game.Attackers[position : position+1])
	return c
}

// IDsOf returns the IDs of the attackers at the given positions, in their order.
func IDsOf(attackers []game.Attacker, positions []int) []int {
	ids := make([]int, len(positions))
	for i, position := range positions {
		ids[i] = attackers[position].ID
	}
	return ids
}
