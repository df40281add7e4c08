package torchbridge

import (
	"errors"
	"fmt"
)

// BatchTransform is applied by a defense to one batch before the model sees it, in
// the order of the fields. The zero value leaves the batch as it is. Rows are
// positions within the batch.
type BatchTransform struct {
	Stamps       *Stamps
	Mix          *Mix
	Perturbation *Perturbation
}

// Stamps puts triggers on rows of the raw batch: x' = x (1 - l) + m l. Labels stay.
type Stamps struct {
	Rows     []int32 // distinct, at least one
	Masks    []uint8 // l of each row, H*W values of 0 or 1
	Patterns []uint8 // m of each row, C*H*W values
	Add      bool    // append the stamped rows to the batch in place of changing them where they are
}

// Mix mixes every row with a partner, those that Stamps added included.
type Mix struct {
	Partner []int32 // of each row: a position in the batch
	// Lambda in [0, 1] weighs the row's own label against the partner's in the loss.
	Lambda float64
	// Box is the region that CutMix takes from the partner: columns X1 to X2-1, rows
	// Y1 to Y2-1. Without a box the pixels are mixed as the labels are (MixUp).
	Box *Box
}

// Box is a region of an image; it may be empty.
type Box struct{ X1, Y1, X2, Y2 int }

// Perturbation replaces or joins rows by adversarial examples: Steps times
// x <- clip(x + StepSize sign(d loss / d x)), clipped to Epsilon around the row
// and to the range of pixels (Madry et al. 2018, section 2.1; one step of size
// Epsilon is the method of Goodfellow et al. 2015). Lengths are in 8-bit units.
// The attack sees the model as it predicts: with running statistics, which it
// leaves alone.
type Perturbation struct {
	Rows              []int32 // distinct, at least one
	Epsilon, StepSize float64
	Steps             int
	Start             []float32 // offsets to begin with, C*H*W per row; nil begins at the row itself
	Add               bool      // append the examples to the batch in place of the rows
}

// mixing is a method of mixing the rows of a batch.
type mixing int

const (
	unmixed mixing = iota
	boxed          // CutMix: a region from the partner
	blended        // MixUp: all pixels, weighted
)

// stepShape fixes the operations of a step and the number of rows of each. It
// follows from the length of the batch and from its transform. Steps of one shape
// differ only in their inputs.
type stepShape struct {
	rows                int // gathered
	stamped             int // rows; 0 without Stamps
	addStamped          bool
	mixing              mixing
	attacked            int // rows; 0 without Perturbation
	addAttacked         bool
	epsilon, attackStep float64
	attackSteps         int
	start               bool // begin elsewhere than at the rows
}

// stepShapeOf checks the transform of a batch of rows rows and returns the shape of
// its step.
func stepShapeOf(transform BatchTransform, rows int, m ModelSpec) (stepShape, error) {
	shape := stepShape{rows: rows}
	if err := shape.readStamps(transform.Stamps, m); err != nil {
		return stepShape{}, err
	}
	if err := shape.readMix(transform.Mix, m); err != nil {
		return stepShape{}, err
	}
	if err := shape.readPerturbation(transform.Perturbation, m); err != nil {
		return stepShape{}, err
	}
	return shape, nil
}

// mixed returns the number of rows that a mix and an attack see.
func (shape *stepShape) mixed() int {
	if shape.addStamped {
		return shape.rows + shape.stamped
	}
	return shape.rows
}

// size returns the number of rows that go through the model.
func (shape *stepShape) size() int {
	if shape.addAttacked {
		return shape.mixed() + shape.attacked
	}
	return shape.mixed()
}

func (shape *stepShape) readStamps(stamps *Stamps, m ModelSpec) error {
	if stamps == nil {
		return nil
	}
	k, plane := len(stamps.Rows), m.Height*m.WidthPx
	if len(stamps.Masks) != k*plane || len(stamps.Patterns) != k*plane*m.Channels {
		return fmt.Errorf("torchbridge: stamp: masks of %d and patterns of %d values for %d rows", len(stamps.Masks), len(stamps.Patterns), k)
	}
	if err := checkRows(stamps.Rows, shape.rows); err != nil {
		return fmt.Errorf("torchbridge: stamp: %w", err)
	}
	shape.stamped, shape.addStamped = k, stamps.Add
	return nil
}

func (shape *stepShape) readMix(mix *Mix, m ModelSpec) error {
	rows := shape.mixed()
	if mix == nil {
		return nil
	}
	if len(mix.Partner) != rows || !(mix.Lambda >= 0 && mix.Lambda <= 1) {
		return fmt.Errorf("torchbridge: mix: %d partners and lambda %g for %d rows", len(mix.Partner), mix.Lambda, rows)
	}
	for _, p := range mix.Partner {
		if err := checkRow(p, rows); err != nil {
			return fmt.Errorf("torchbridge: mix: %w", err)
		}
	}
	if mix.Box == nil {
		shape.mixing = blended
		return nil
	}
	if box := *mix.Box; box.X1 < 0 || box.Y1 < 0 || box.X2 > m.WidthPx || box.Y2 > m.Height || box.X1 > box.X2 || box.Y1 > box.Y2 {
		return fmt.Errorf("torchbridge: mix: box %+v leaves an image of %d x %d pixels", box, m.WidthPx, m.Height)
	}
	shape.mixing = boxed
	return nil
}

func (shape *stepShape) readPerturbation(p *Perturbation, m ModelSpec) error {
	if p == nil {
		return nil
	}
	size := m.Channels * m.Height * m.WidthPx
	if p.Steps < 1 || !(p.Epsilon > 0) || !(p.StepSize > 0) || p.Start != nil && len(p.Start) != len(p.Rows)*size {
		return fmt.Errorf("torchbridge: perturb: epsilon %g, step size %g, %d steps, %d offsets for %d rows", p.Epsilon, p.StepSize, p.Steps, len(p.Start), len(p.Rows))
	}
	if err := checkRows(p.Rows, shape.mixed()); err != nil {
		return fmt.Errorf("torchbridge: perturb: %w", err)
	}
	shape.attacked, shape.addAttacked, shape.start = len(p.Rows), p.Add, p.Start != nil
	shape.epsilon, shape.attackStep, shape.attackSteps = p.Epsilon, p.StepSize, p.Steps
	return nil
}

// checkRows refuses rows that are none, repeated, or outside a batch of n rows.
func checkRows(rows []int32, n int) error {
	if len(rows) == 0 {
		return errors.New("no rows")
	}
	seen := make([]bool, n)
	for _, row := range rows {
		if err := checkRow(row, n); err != nil {
			return err
		}
		if seen[row] {
			return fmt.Errorf("row %d twice", row)
		}
		seen[row] = true
	}
	return nil
}

func checkRow(row int32, n int) error {
	if row < 0 || int(row) >= n {
		return fmt.Errorf("position %d in a batch of %d rows", row, n)
	}
	return nil
}
