package defenses

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"backfire/defenses/mix"
	"backfire/internal/streams"
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
func (s Stamps) Apply(images, labels []uint8) (stamped, stampedLabels []uint8) {
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

// Batcher draws the changes of the batches of one training.
type Batcher struct {
	stack    Stack
	seed     uint64
	shape    triggers.Shape
	triggers *triggers.Generator // nil without adversarial triggers
	mixer    *mix.Mixer
	attack   *Perturbation // the attack without its rows; nil without adversarial examples
	dose     Dose          // the dose of the attack
}

// NewBatcher returns the batcher of a stack for images of a shape. The error
// wraps ErrPolicy.
func NewBatcher(stack Stack, shape triggers.Shape, seed uint64) (*Batcher, error) {
	if err := shape.Validate(); err != nil {
		return nil, fmt.Errorf("defenses: batches: %w: %w", ErrPolicy, err)
	}
	if err := stack.Validate(); err != nil {
		return nil, fmt.Errorf("defenses: batches: %w: %w", ErrPolicy, err)
	}
	b := &Batcher{stack: stack, seed: seed, shape: shape}
	var err error
	if b.mixer, err = mix.NewMixer(Get[mix.Settings](stack, KindCutMix), Get[mix.Settings](stack, KindMixUp), shape.H, shape.W, seed); err != nil {
		return nil, fmt.Errorf("defenses: batches: %w: %w", ErrPolicy, err)
	}
	if a := Get[AdversarialTriggers](stack, KindAdversarialTriggers); a != nil {
		if b.triggers, err = triggers.NewGenerator(shape, a.Spec); err != nil {
			return nil, fmt.Errorf("defenses: batches: %w: %w", ErrPolicy, err)
		}
	}
	if p := Get[PGD](stack, KindPGD); p != nil {
		b.dose = p.Dose
		b.attack = &Perturbation{Placement: p.Placement, Epsilon: p.Epsilon, StepSize: p.StepSize, Steps: p.Steps, RandomStart: p.RandomStart}
	}
	if f := Get[FGSM](stack, KindFGSM); f != nil {
		b.dose = f.Dose
		b.attack = &Perturbation{Placement: f.Placement, Epsilon: f.Epsilon, StepSize: f.Epsilon, Steps: 1}
	}
	return b, nil
}

// Draw draws the changes of the batch of n images in a step of an epoch. The
// result is a function of the batcher's stack, shape and seed and of the
// arguments.
func (b *Batcher) Draw(epoch, step, n int) Batch {
	var batch Batch
	if a := Get[AdversarialTriggers](b.stack, KindAdversarialTriggers); a != nil && a.rows(n) > 0 {
		batch.Stamps = b.stamps(epoch, step, n)
		if a.Placement == Add {
			n += len(batch.Stamps.Rows)
		}
	}
	batch.Mix = b.mixer.Draw(epoch, step, n)
	if b.attack != nil && b.dose.rows(n) > 0 {
		attack := *b.attack
		attack.Rows = chooseRows(streams.New(b.seed, "perturbation", uint64(epoch), uint64(step)), n, b.dose.rows(n))
		batch.Perturbation = &attack
	}
	return batch
}

// stamps draws rows of a batch and a fresh trigger for each.
func (b *Batcher) stamps(epoch, step, n int) *Stamps {
	rng := streams.New(b.seed, "adversarial trigger", uint64(epoch), uint64(step))
	dose := Get[AdversarialTriggers](b.stack, KindAdversarialTriggers).Dose
	s := &Stamps{Rows: chooseRows(rng, n, dose.rows(n)), Placement: dose.Placement}
	s.Masks = make([]uint8, 0, len(s.Rows)*b.shape.Plane())
	s.Patterns = make([]uint8, 0, len(s.Rows)*b.shape.Size())
	for range s.Rows {
		t := b.triggers.Draw(rng)
		s.Masks, s.Patterns = append(s.Masks, t.Mask...), append(s.Patterns, t.Pattern...)
	}
	return s
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

// Start fills dst with the random start of the adversarial examples of a step:
// for each of the Perturbation's rows, in order, C*H*W offsets, uniform over
// [-Epsilon, Epsilon], in 8-bit units (Madry et al. 2018, section 2.1). dst must
// have this length. Without a random start, all offsets are 0.
func (b *Batcher) Start(dst []float32, epoch, step int) {
	clear(dst)
	if b.attack == nil || !b.attack.RandomStart {
		return
	}
	rng := streams.New(b.seed, "perturbation start", uint64(epoch), uint64(step))
	for i := range dst {
		dst[i] = float32(b.attack.Epsilon) * (2*rng.Float32() - 1)
	}
}
