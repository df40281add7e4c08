package defenses

import (
	"fmt"
	"math"
	"strings"

	"backfire/defenses/indexing"
	"backfire/defenses/mix"
)

// Stack holds the settings of a defender's defenses. A nil field means that the
// defender does not use the defense; the zero value has no defense.
//
// In JSON and YAML it is a list of one-key maps, each from the name of a defense
// to its settings. A name alone stands for the defense with its default settings,
// and a setting left out has its default:
//
//	[agent_augmentation, {indexing: {mode: grouped, models: 4}}]
//
// The order of the list has no meaning. [Stack.MarshalJSON] writes the order of
// application and every setting, so equal stacks have equal JSON.
type Stack struct {
	AgentAugmentation   *AgentAugmentation
	AdversarialTriggers *AdversarialTriggers
	CutMix              *mix.Settings
	MixUp               *mix.Settings
	PGD                 *PGD
	FGSM                *FGSM
	Indexing            *indexing.Settings
}

// Kinds returns the names of the stack's defenses, in the order of application.
func (s Stack) Kinds() []Kind {
	var kinds []Kind
	for _, r := range registry {
		if r.settings(&s) != nil {
			kinds = append(kinds, r.kind)
		}
	}
	return kinds
}

// String returns the names of the stack's defenses, joined by "+", or None.
func (s Stack) String() string {
	if s.Empty() {
		return None
	}
	var names []string
	for _, kind := range s.Kinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, "+")
}

// Empty reports whether the stack has no defense.
func (s Stack) Empty() bool { return s == Stack{} }

// Training returns the stack without Indexing: the defenses on which one model of
// the defender depends, apart from the agents left out of its training.
func (s Stack) Training() Stack {
	s.Indexing = nil
	return s
}

// Validate returns an error for settings outside their ranges and for defenses
// that contradict each other: CutMix and MixUp whose probabilities add up to more
// than 1, and PGD together with FGSM.
func (s Stack) Validate() error {
	for _, r := range registry {
		if settings := r.settings(&s); settings != nil {
			if err := settings.Validate(); err != nil {
				return fmt.Errorf("%s: %w", r.kind, err)
			}
		}
	}
	if s.PGD != nil && s.FGSM != nil {
		return fmt.Errorf("%s and %s together: both make a batch's adversarial examples: choose one", KindPGD, KindFGSM)
	}
	return mix.Validate(s.CutMix, s.MixUp)
}

// Scale is the size of the game that a stack defends.
type Scale struct {
	// Contributed is the number of images that the defender contributes.
	Contributed int
	// Agents is the number of attackers.
	Agents int
	// Epochs is the number of epochs of the training, Batch its batch size.
	Epochs, Batch int
}

// Fits returns an error if a game is too small for the stack, which must be valid:
// more simulated attackers than images to stamp, a share of a batch that rounds to
// zero rows, more models than agents, or more slices than epochs.
func (s Stack) Fits(scale Scale) error {
	if a := s.AgentAugmentation; a != nil {
		if err := a.fits(scale.Contributed); err != nil {
			return fmt.Errorf("%s: %w", KindAgentAugmentation, err)
		}
	}
	for _, dose := range s.doses() {
		if dose.rows(scale.Batch) == 0 {
			return fmt.Errorf("%s: share is %v: of a batch of %d images that is none", dose.kind, dose.Share, scale.Batch)
		}
	}
	if s.Indexing != nil {
		if err := s.Indexing.Fits(scale.Agents, scale.Epochs); err != nil {
			return fmt.Errorf("%s: %w", KindIndexing, err)
		}
	}
	return nil
}

// namedDose is the dose of one kind of adversarial training.
type namedDose struct {
	kind Kind
	Dose
}

// doses returns the dose of each kind of adversarial training in the stack, in
// the order of application.
func (s Stack) doses() []namedDose {
	var doses []namedDose
	for _, r := range registry {
		if d, ok := r.settings(&s).(interface{ dose() Dose }); ok {
			doses = append(doses, namedDose{r.kind, d.dose()})
		}
	}
	return doses
}

// Rows returns the number of rows that pass through a training step on a batch of
// n images, with those that adversarial training adds.
func (s Stack) Rows(n int) int {
	for _, dose := range s.doses() {
		if dose.Placement == Add {
			n += dose.rows(n)
		}
	}
	return n
}

// Treatments returns the number of different ways in which the batches of a
// training are treated: mixed by CutMix, mixed by MixUp, or not mixed.
func (s Stack) Treatments() int { return mix.Treatments(s.CutMix, s.MixUp) }

// round returns p*n rounded to the nearest integer, halves up, as the game
// rounds its shares. The conversion keeps the compiler from fusing the product
// into another operation, so that all machines agree.
func round(p float64, n int) int { return int(math.Round(float64(p * float64(n)))) }
