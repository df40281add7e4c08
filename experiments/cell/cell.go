package cell

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"go.yaml.in/yaml/v3"

	"backfire/datasets"
	"backfire/game"
	"backfire/triggers"
)

// CellFormat is the version of Cell. It rises when the same fields would come
// to mean another model, so that old results are not taken for new ones.
const Format = 1

// ResNet18 is the architecture of SPEC section 4, the only one so far.
const ResNet18 = "resnet18"

// Cell is everything that fixes one trained model: two cells with equal fields
// give the same model, and one cell is trained once whoever asks for it. What
// only decides where and how fast it is trained (device, threads, workers,
// paths) is not part of it.
type Cell struct {
	Format   int        `json:"format" yaml:"format"`
	Data     Data       `json:"data" yaml:"data"`
	Game     game.Rules `json:"game" yaml:"game"`
	Model    Model      `json:"model" yaml:"model"`
	Training Training   `json:"training" yaml:"training"`
	// Defense is nil, and not written, where the defender does nothing.
	Defense *Defense `json:"defense,omitempty" yaml:"defense,omitempty"`
	// Inquiry is nil, and not written, where the model is asked nothing but the
	// probes.
	Attribution *Attribution `json:"inquiry,omitempty" yaml:"inquiry,omitempty"`
}

// Data names the images of a cell, wherever they lie and whatever they were
// asked for by: "train" and "auto" may be the same images, and the checksum says
// whether they are.
type Data struct {
	Name     string         `json:"name" yaml:"name"`         // embedded, mnist, ...
	Checksum string         `json:"checksum" yaml:"checksum"` // SHA-256 of images, labels and classes, see datasets.Set
	Images   int            `json:"images" yaml:"images"`
	Shape    triggers.Shape `json:"shape" yaml:"shape"`
	Classes  []string       `json:"classes" yaml:"classes"` // names in the order of the labels
}

// Model is the network that is trained. Its input and output sizes follow from
// the data.
type Model struct {
	Architecture string `json:"architecture" yaml:"architecture"` // ResNet18
	Width        int    `json:"width" yaml:"width"`               // channels of the first stage; the paper's is 64
}

// Training says how the network is trained.
type Training struct {
	Epochs       int     `json:"epochs" yaml:"epochs"`
	Batch        int     `json:"batch" yaml:"batch"`
	Optimizer    string  `json:"optimizer" yaml:"optimizer"` // sgd, adam or adamw
	LearningRate float64 `json:"lr" yaml:"lr"`               // the schedule's peak
	Momentum     float64 `json:"momentum" yaml:"momentum"`
	WeightDecay  float64 `json:"weight_decay" yaml:"weight_decay"`
	Nesterov     bool    `json:"nesterov" yaml:"nesterov"`
	Schedule     string  `json:"schedule" yaml:"schedule"` // onecycle, cosine or constant
	// Precision is hardware.TF32 or BF16; empty, and not written: FP32, the
	// reference.
	Precision string `json:"precision,omitempty" yaml:"precision,omitempty"`
}

// Hash is the name of the cell: the SHA-256 of its canonical JSON in 64
// hexadecimal digits. Only numbers that JSON cannot hold (NaN, infinities) make
// it fail.
func (c Cell) Hash() (string, error) {
	hash, err := HashOf(c)
	if err != nil {
		return "", fmt.Errorf("experiments: hash cell: %w", err)
	}
	return hash, nil
}

// Title names the cell for people: "attacker 3 alone", "attacker 3 alone, draw 2"
// (counted from 1), "N = 5" or "N = 5, cutmix, leaving out attacker 3".
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

// TrainedImages is about the number of images that pass through the training
// step, the measure of what a cell costs: the deal may round by a few images
// per epoch. Stages whose end another cell leaves behind are not in it.
func (c Cell) TrainedImages() int64 {
	return c.ImagesFrom(c.firstOwnSegment())
}

// images is about the number of images in the stages from first on.
func (c Cell) ImagesFrom(first int) int64 {
	var images int64
	c.eachSegment(first, func(rows, epochs int) { images += int64(c.PassingImages(rows)) * int64(epochs) })
	return images
}

// own returns the first of the stages that no other cell leaves behind; for an
// inquiry, whose base has them all, one behind the last.
func (c Cell) firstOwnSegment() int {
	if c.Attribution != nil {
		return math.MaxInt
	}
	return c.SharedSegments()
}

// planned calls visit with about the rows and the epochs of each stage from first
// on. A course that cannot be trained has none.
func (c Cell) eachSegment(first int, visit func(rows, epochs int)) {
	course, err := c.Segments()
	if err != nil {
		return
	}
	for _, s := range course[min(first, len(course)):] {
		visit(c.TrainingRows(len(s.Attackers)), s.End-s.First)
	}
}

// rows is about the number of rows of a training set with the images of so many
// attackers.
func (c Cell) TrainingRows(attackers int) int {
	rows := float64(c.Game.PoolSize) * (1 - c.Game.HeldOut)
	if out := len(c.Game.Attackers) - attackers; out > 0 {
		rows *= 1 - (1-c.Game.DefenderShare)*float64(out)/float64(len(c.Game.Attackers))
	}
	return int(rows)
}

// ParseCell reads a cell from YAML (or JSON, which is YAML). Fields that a Cell
// does not have are refused.
func Parse(data []byte) (Cell, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var c Cell
	if err := decoder.Decode(&c); err != nil {
		return Cell{}, fmt.Errorf("experiments: parse cell: %w", err)
	}
	return c, nil
}

// hashOf is the SHA-256 of a value's canonical JSON in hexadecimal digits.
func HashOf(v any) (string, error) {
	data, err := canonical(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// canonical encodes v as JSON in one way only: keys sorted, no white space,
// numbers in Go's shortest form.
func canonical(v any) ([]byte, error) {
	tree, err := TreeOf(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree) // sorts the keys of maps
}

// treeOf is a value as JSON has it: objects as maps, lists, and numbers by their
// digits.
func TreeOf(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // keeps the digits of 64-bit seeds
	var tree any
	return tree, decoder.Decode(&tree)
}

// idsOf returns the IDs of the attackers at some positions.
func IDsOf(attackers []game.Attacker, positions []int) []int {
	ids := make([]int, len(positions))
	for i, position := range positions {
		ids[i] = attackers[position].ID
	}
	return ids
}

// ErrPlan says that a configuration cannot be played on a dataset. Nothing has
// been trained then.
var ErrPlan = errors.New("cannot be planned")

// ErrOtherData says that the images found are not those of the cell.
var ErrOtherData = errors.New("the data are not those that were planned with")

// alone is the game in which the attacker at a position of the cell's is the
// alone is the game in which the attacker at a position of the cell's is the
// only one, the defender does nothing, and nothing is asked.
func (c Cell) Alone(position int) Cell {
	c.Defense, c.Attribution = nil, nil
	c.Game.Attackers = slices.Clone(c.Game.Attackers[position : position+1])
	return c
}

// Loader loads a dataset; datasets.Load is the one.
type Loader func(context.Context, datasets.Source) (*datasets.Set, error)
