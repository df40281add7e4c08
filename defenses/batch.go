package defenses

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"backfire/defenses/mix"
	"backfire/triggers"
)

// Stamps holds the defender's triggers for rows of a batch, in a form that a
// device can apply at once: x' = x (1 - l) + m l on the raw 8-bit values.
type Stamps struct {
	// Rows holds positions in the batch, at least one, in ascending order. With
	// Add, copies of these rows are stamped and appended to the batch in this
	// order.
	Rows []int32
	// Masks holds each row's mask l, H*W values of 0 or 1, one after another.
	Masks []uint8
	// Patterns holds each row's pattern m, C*H*W values, one after another.
	Patterns []uint8
	// Placement is Add or Replace.
	Placement Placement
}

// Apply returns the batch of raw images and its labels after stamping. It defines
// the result that a training engine must reach on its device.
func (s Stamps) Apply(images []uint8, labels []uint16) (stamped []uint8, stampedLabels []uint16) {
	stamped, stampedLabels = slices.Clone(images), slices.Clone(labels)
	size, plane := len(s.Patterns)/len(s.Rows), len(s.Masks)/len(s.Rows)
	for i, row := range s.Rows {
		at := int(row) * size
		if s.Placement == Add {
			at = len(stamped)
			stamped = append(stamped, images[int(row)*size:(int(row)+1)*size]...)
			stampedLabels = append(stampedLabels, labels[row])
		}
		for v := range size {
			if s.Masks[i*plane+v%plane] == 1 {
				stamped[at+v] = s.Patterns[i*size+v]
			}
		}
	}
	return stamped, stampedLabels
}

// Perturbation holds the rows of a batch that become adversarial examples, and
// the parameters of the attack: from the image x itself, or from a random point
// within Epsilon of it, Steps times
// x <- clip(x + StepSize*sign(gradient of the loss by x)), each time clipped to
// Epsilon around the row's image and to the range of pixels. All lengths are in
// 8-bit units.
type Perturbation struct {
	// Rows holds positions in the batch, at least one, in ascending order.
	Rows []int32
	// Placement is Add or Replace, as in Stamps.
	Placement Placement
	// Epsilon, StepSize and Steps are those of PGD. FGSM is one step of length
	// Epsilon.
	Epsilon, StepSize float64
	Steps             int
	// RandomStart starts at the offsets of Batcher.Start.
	RandomStart bool
}

// Batch holds the changes of one batch, in the order in which they are applied.
// Stamps and Perturbation are nil, and Mix is of kind mix.None, if the stack lacks
// the defense or the change affects no row of this batch.
type Batch struct {
	// Stamps may add rows.
	Stamps *Stamps
	// Mix mixes all rows, including those added by Stamps, and makes labels
	// soft.
	Mix mix.Draw
	// Perturbation attacks the labels after Mix. It may add rows, with the labels
	// of the rows from which they are made.
	Perturbation *Perturbation
}

// BatchChanger is implemented by the settings of defenses at the stage
// definition.Batches.
type BatchChanger interface {
	// Drawer returns what draws the defense's changes of the batches of one training; nil
	// if another defense of the stack draws them.
	Drawer(t Training) (BatchDrawer, error)
}

// Training is a training whose batches are changed.
type Training struct {
	Stack Stack          // all defenses of the training
	Shape triggers.Shape // of the images
	Seed  uint64
}

// BatchDrawer draws the changes that one defense makes to the batches of one training.
type BatchDrawer interface {
	// Draw adds the changes of the batch of n images in a step of an epoch to those that
	// the defenses before it made, and returns the number of rows that the batch then has.
	// The result is a function of the training and of the arguments.
	Draw(batch *Batch, epoch, step, n int) int
}

// Starter is implemented by a BatchDrawer whose Perturbation starts at random.
type Starter interface {
	// Start fills dst as Batcher.Start does.
	Start(dst []float32, epoch, step int)
}

// Batcher draws the changes of the batches of one training.
type Batcher struct{ drawers []BatchDrawer }

// NewBatcher returns the batcher of a stack for images of a shape. The error
// wraps ErrPolicy.
func NewBatcher(stack Stack, shape triggers.Shape, seed uint64) (*Batcher, error) {
	b := &Batcher{}
	err := shape.Validate()
	if err == nil {
		err = stack.Validate()
	}
	for _, p := range stack.parts {
		changer, ok := p.settings.(BatchChanger)
		if err != nil || !ok {
			continue
		}
		var drawer BatchDrawer
		if drawer, err = changer.Drawer(Training{stack, shape, seed}); drawer != nil {
			b.drawers = append(b.drawers, drawer)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("defenses: batches: %w: %w", ErrPolicy, err)
	}
	return b, nil
}

// Draw draws the changes of the batch of n images in a step of an epoch. The
// result is a function of the batcher's stack, shape and seed and of the
// arguments.
func (b *Batcher) Draw(epoch, step, n int) Batch {
	batch := Batch{Mix: mix.Draw{Kind: mix.None, Lambda: 1}}
	for _, drawer := range b.drawers {
		n = drawer.Draw(&batch, epoch, step, n)
	}
	return batch
}

// Start fills dst with the random start of the adversarial examples of a step:
// for each of the Perturbation's rows, in order, C*H*W offsets, uniform over
// [-Epsilon, Epsilon], in 8-bit units (Madry et al. 2018, section 2.1). dst must
// have this length. Without a random start, all offsets are 0.
func (b *Batcher) Start(dst []float32, epoch, step int) {
	clear(dst)
	for _, drawer := range b.drawers {
		if starter, ok := drawer.(Starter); ok {
			starter.Start(dst, epoch, step)
		}
	}
}

// chooseRows draws k of n rows without replacement and returns them in ascending
// order.
func chooseRows(rng *rand.Rand, n, k int) []int32 {
	rows := make([]int32, k)
	for i, row := range rng.Perm(n)[:k] {
		rows[i] = int32(row)
	}
	slices.Sort(rows)
	return rows
}
