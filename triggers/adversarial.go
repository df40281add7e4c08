package triggers

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Adversarial is the family of triggers that lead a model to the target class by what it
// has learnt from ordinary images, not by a pattern of the attacker's choice: each is
// computed by projected gradient descent (Madry et al., "Towards Deep Learning Models
// Resistant to Adversarial Attacks", 2018) towards the target class on a surrogate, a small
// network that the attacker trains on its own images. Package game computes it.
const Adversarial Kind = "adversarial"

// The largest accepted numbers of steps.
const (
	maxAttackSteps    = 10_000
	maxSurrogateSteps = 1_000_000
)

// Attack holds the parameters of an Adversarial trigger; all are 0 for other kinds.
type Attack struct {
	// Epsilon is the largest change of a value, in 8-bit units, 1 to 127.
	Epsilon float64 `json:"epsilon,omitempty" yaml:"epsilon,omitempty"`
	// StepSize is the change of a value in one step, in 8-bit units, above 0.
	StepSize float64 `json:"step_size,omitempty" yaml:"step_size,omitempty"`
	// Steps is the number of steps, at least 1.
	Steps int `json:"steps,omitempty" yaml:"steps,omitempty"`
	// SurrogateSteps is the number of training steps of the surrogate, at least 1.
	SurrogateSteps int `json:"surrogate_steps,omitempty" yaml:"surrogate_steps,omitempty"`
}

var adversarial = family{
	kind:    Adversarial,
	ownSize: true,
	validate: func(s Spec) error {
		// Written this way round, the conditions refuse NaN too.
		epsilon, size := s.Epsilon >= 1 && s.Epsilon < Neutral, s.StepSize > 0 && s.StepSize < Neutral
		switch {
		case !epsilon:
			return fmt.Errorf("triggers: %w: epsilon is %v: it must be at least 1 and below %d, in 8-bit units", ErrSpec, s.Epsilon, Neutral)
		case !size:
			return fmt.Errorf("triggers: %w: step_size is %v: it must be above 0 and below %d, in 8-bit units", ErrSpec, s.StepSize, Neutral)
		case s.Steps < 1 || s.Steps > maxAttackSteps:
			return fmt.Errorf("triggers: %w: steps is %d: it must be 1 to %d", ErrSpec, s.Steps, maxAttackSteps)
		case s.SurrogateSteps < 1 || s.SurrogateSteps > maxSurrogateSteps:
			return fmt.Errorf("triggers: %w: surrogate_steps is %d: it must be 1 to %d", ErrSpec, s.SurrogateSteps, maxSurrogateSteps)
		}
		return nil
	},
	paint: func(t *Trigger, _ Spec, _ *rand.Rand) { *t = *FromChange(t.Shape, make([]float64, t.Shape.Size())) },
}

// FromChange returns the trigger that adds a change to each value of an image, in 8-bit
// units from -127 to 127, channel by channel. Changes are rounded.
func FromChange(shape Shape, change []float64) *Trigger {
	t := &Trigger{
		Shape: shape, Box: Box{W: shape.W, H: shape.H}, Effect: Add,
		Mask: make([]uint8, shape.Plane()), Pattern: make([]uint8, shape.Size()),
	}
	for i := range t.Mask {
		t.Mask[i] = 1
	}
	for i, v := range change {
		t.Pattern[i] = uint8(Neutral + math.Round(min(max(v, -Neutral), Neutral-1)))
	}
	return t
}
