// Package mix draws the mixing of a training batch's images with each other, by
// CutMix (Yun et al., "CutMix: Regularization Strategy to Train Strong
// Classifiers with Localizable Features", ICCV 2019) and MixUp (Zhang et al.,
// "mixup: Beyond Empirical Risk Minimization", ICLR 2018).
//
// A Draw is plain data that a training engine applies on its device; Images and
// Labels define the result on the CPU.
package mix

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"backfire/internal/streams"
)

// The range of alpha. Below MinAlpha a Beta draw is the quotient of two numbers
// that underflow. Above MaxAlpha lambda is 0.5 to two digits, hence no longer
// random.
const (
	MinAlpha = 0.05
	MaxAlpha = 1000
)

// Settings sets the share of batches that are mixed, and the strength of mixing.
type Settings struct {
	// Alpha in [MinAlpha, MaxAlpha] shapes lambda ~ Beta(alpha, alpha): 1 is
	// uniform, smaller values mix less.
	Alpha float64 `json:"alpha" yaml:"alpha"`
	// Probability in (0, 1] is the share of batches that are mixed.
	Probability float64 `json:"probability" yaml:"probability"`
}

// Default returns settings that mix every batch with a uniform lambda: alpha 1, as
// in Yun et al.
func Default() Settings { return Settings{Alpha: 1, Probability: 1} }

// Validate returns an error for values outside their ranges.
func (s Settings) Validate() error {
	// Written this way round, the condition refuses NaN too.
	if allowed := s.Alpha >= MinAlpha && s.Alpha <= MaxAlpha; !allowed {
		return fmt.Errorf("alpha is %v: it must be between %v and %v", s.Alpha, MinAlpha, float64(MaxAlpha))
	}
	if allowed := s.Probability > 0 && s.Probability <= 1; !allowed {
		return fmt.Errorf("probability is %v: it must be above 0 and at most 1", s.Probability)
	}
	return nil
}

// lambda draws from Beta(alpha, alpha).
func (s Settings) lambda(rng *rand.Rand) float64 {
	return distuv.Beta{Alpha: s.Alpha, Beta: s.Alpha, Src: rng}.Rand()
}

// Kind is a way of mixing a batch.
type Kind string

const (
	// None does not mix the batch.
	None Kind = "none"
	// Cut pastes a box of the partner into the image.
	Cut Kind = "cutmix"
	// Up replaces the image by the weighted mean of image and partner.
	Up Kind = "mixup"
)

// Box is the rectangle of columns X1 to X2-1 and rows Y1 to Y2-1, counted from
// the top left corner. It may be empty.
type Box struct {
	X1, Y1, X2, Y2 int
}

// Pixels returns the number of pixels in the box.
func (b Box) Pixels() int { return (b.X2 - b.X1) * (b.Y2 - b.Y1) }

// Draw describes the mixing of one batch.
type Draw struct {
	// Kind is the way in which the batch is mixed.
	Kind Kind
	// Box is the rectangle that Cut takes from the partner. It is empty for the
	// other kinds.
	Box Box
	// Lambda in [0, 1] is the weight of an image's own label and, for Up, of its
	// own pixels; 1 - Lambda is the partner's. For Cut it is the share of the
	// image outside the clipped box, not the Beta draw that sets the size of the
	// box. It is 1 for None.
	Lambda float64
	// Partner holds each image's partner, as positions in the batch: a
	// permutation, in which an image may be its own partner. It is nil for None.
	Partner []int32
}

// Mixer draws the mixing of the batches of one training.
type Mixer struct {
	cut, up       *Settings
	height, width int
	seed          uint64
}

// NewMixer returns a mixer for images of height x width pixels. Nil settings
// leave out that kind. With both kinds, a batch is mixed by at most one of them,
// each with its probability, so the two must not add up to more than 1.
func NewMixer(cut, up *Settings, height, width int, seed uint64) (*Mixer, error) {
	if height < 1 || width < 1 {
		return nil, fmt.Errorf("mix: images of %d x %d pixels: both sides must be at least 1", height, width)
	}
	if err := Validate(cut, up); err != nil {
		return nil, fmt.Errorf("mix: %w", err)
	}
	return &Mixer{cut: cut, up: up, height: height, width: width, seed: seed}, nil
}

// Validate returns an error for settings out of range, and for two whose
// probabilities add up to more than 1. Either may be nil.
func Validate(cut, up *Settings) error {
	sum := 0.0
	for _, s := range []struct {
		kind Kind
		*Settings
	}{{Cut, cut}, {Up, up}} {
		if s.Settings == nil {
			continue
		}
		if err := s.Validate(); err != nil {
			return fmt.Errorf("%s: %w", s.kind, err)
		}
		sum += s.Probability
	}
	if sum > 1 {
		return fmt.Errorf("%s and %s together: a batch is mixed in one way at most, but their probabilities %v and %v add up to more than 1",
			Cut, Up, cut.Probability, up.Probability)
	}
	return nil
}

// Treatments returns the number of different treatments of a batch: one for each
// of cut and up that is not nil, and one for leaving it unmixed unless their
// probabilities add up to 1.
func Treatments(cut, up *Settings) int {
	treatments, probability := 1, 0.
	for _, s := range []*Settings{cut, up} {
		if s != nil {
			treatments++
			probability += s.Probability
		}
	}
	if probability >= 1 {
		treatments--
	}
	return treatments
}

// Draw draws the mixing of the batch of n images in a step of an epoch: first the
// kind, then lambda, then the box, then the partners. The result is a function of
// the mixer's seed and settings and of the arguments.
func (m *Mixer) Draw(epoch, step, n int) Draw {
	rng := streams.New(m.seed, "mix", uint64(epoch), uint64(step))
	at := rng.Float64()
	if m.cut != nil {
		if at < m.cut.Probability {
			box := CutBox(m.cut.lambda(rng), rng.IntN(m.width), rng.IntN(m.height), m.height, m.width)
			return Draw{Kind: Cut, Box: box, Lambda: m.outside(box), Partner: partners(rng, n)}
		}
		at -= m.cut.Probability
	}
	if m.up != nil && at < m.up.Probability {
		return Draw{Kind: Up, Lambda: m.up.lambda(rng), Partner: partners(rng, n)}
	}
	return Draw{Kind: None, Lambda: 1}
}

// outside returns the share of the image that is not in the box.
func (m *Mixer) outside(box Box) float64 {
	return 1 - float64(box.Pixels())/float64(m.height*m.width)
}

// partners draws a permutation of n images.
func partners(rng *rand.Rand, n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(i)
	}
	rng.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}

// CutBox returns the box around the centre x, y whose area is the share
// 1 - lambda of the image, clipped to the image, as in equation 2 and the code of
// Yun et al.: its sides are width*sqrt(1-lambda) and height*sqrt(1-lambda), each
// half side rounded down to whole pixels.
func CutBox(lambda float64, x, y, height, width int) Box {
	r := 0.5 * math.Sqrt(1-lambda)
	w, h := int(r*float64(width)), int(r*float64(height))
	return Box{X1: max(x-w, 0), Y1: max(y-h, 0), X2: min(x+w, width), Y2: min(y+h, height)}
}
