package defenses

import (
	"fmt"
	"math"
	"strings"

	"backfire/defenses/indexing"
	"backfire/defenses/mix"
)

// Kind names a defense in a configuration.
type Kind string

// The defenses, in the order in which a stack is applied.
const (
	KindAgentAugmentation   Kind = "agent_augmentation"
	KindAdversarialTriggers Kind = "adversarial_triggers"
	KindCutMix              Kind = "cutmix"
	KindMixUp               Kind = "mixup"
	KindPGD                 Kind = "pgd"
	KindFGSM                Kind = "fgsm"
	KindIndexing            Kind = "indexing"
)

// Stack holds the defenses of one defender, nil where it does without one. The
// zero value is no defense at all.
//
// It is written as a list of one-key maps, each a defense with its settings; a
// name alone stands for the defense with its default settings, as do settings
// left out:
//
//	[agent_augmentation, {indexing: {mode: grouped, models: 4}}]
//
// The order of the list means nothing; [Stack.MarshalJSON] writes the order of
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

// slot is the place of one kind of defense in a stack.
type slot struct {
	kind Kind
	// settings returns the settings, or nil if the stack does without.
	settings func(s *Stack) validator
	// fill gives the stack the defense with its default settings and returns
	// where they are.
	fill func(s *Stack) any
	// in returns where the stack's settings are; it has some.
	in func(s *Stack) any
}

// validator is what all settings are.
type validator interface{ Validate() error }

// newSlot describes the field of a stack that a kind of defense is in.
func newSlot[T validator](kind Kind, field func(s *Stack) **T, defaults func() T) slot {
	return slot{
		kind: kind,
		settings: func(s *Stack) validator {
			if p := *field(s); p != nil {
				return *p
			}
			return nil
		},
		fill: func(s *Stack) any {
			settings := defaults()
			*field(s) = &settings
			return &settings
		},
		in: func(s *Stack) any { return *field(s) },
	}
}

// slots are all kinds of defenses, in the order of application.
var slots = []slot{
	newSlot(KindAgentAugmentation, func(s *Stack) **AgentAugmentation { return &s.AgentAugmentation }, DefaultAgentAugmentation),
	newSlot(KindAdversarialTriggers, func(s *Stack) **AdversarialTriggers { return &s.AdversarialTriggers }, DefaultAdversarialTriggers),
	newSlot(KindCutMix, func(s *Stack) **mix.Settings { return &s.CutMix }, mix.Default),
	newSlot(KindMixUp, func(s *Stack) **mix.Settings { return &s.MixUp }, mix.Default),
	newSlot(KindPGD, func(s *Stack) **PGD { return &s.PGD }, DefaultPGD),
	newSlot(KindFGSM, func(s *Stack) **FGSM { return &s.FGSM }, DefaultFGSM),
	newSlot(KindIndexing, func(s *Stack) **indexing.Settings { return &s.Indexing }, indexing.Default),
}

// Kinds returns the names of all defenses, in the order of application.
func Kinds() []Kind {
	kinds := make([]Kind, len(slots))
	for i, slot := range slots {
		kinds[i] = slot.kind
	}
	return kinds
}

// Kinds returns the names of the stack's defenses, in the order of application.
func (s Stack) Kinds() []Kind {
	var kinds []Kind
	for _, slot := range slots {
		if slot.settings(&s) != nil {
			kinds = append(kinds, slot.kind)
		}
	}
	return kinds
}

// String joins the names of the stack's defenses, or is "none".
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

// Empty reports whether there is no defense in the stack.
func (s Stack) Empty() bool { return s == Stack{} }

// Training returns the stack without Indexing: all that one model of the
// defender depends on beside the agents left out of its training.
func (s Stack) Training() Stack {
	s.Indexing = nil
	return s
}

// Validate refuses settings outside their ranges and defenses that contradict
// each other: CutMix and MixUp that together ask for more batches than there
// are, and PGD beside FGSM.
func (s Stack) Validate() error {
	for _, slot := range slots {
		if settings := slot.settings(&s); settings != nil {
			if err := settings.Validate(); err != nil {
				return fmt.Errorf("%s: %w", slot.kind, err)
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
	// Epochs and Batch are those of the training.
	Epochs, Batch int
}

// Fits refuses a valid stack that a game is too small for: more simulated
// attackers than images to stamp, a share of a batch that rounds to no row, more
// models than agents, more slices than epochs.
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

// doses returns how much of a batch each adversarial training changes, in the
// order of application.
func (s Stack) doses() []namedDose {
	var doses []namedDose
	if s.AdversarialTriggers != nil {
		doses = append(doses, namedDose{KindAdversarialTriggers, s.AdversarialTriggers.Dose})
	}
	if s.PGD != nil {
		doses = append(doses, namedDose{KindPGD, s.PGD.Dose})
	}
	if s.FGSM != nil {
		doses = append(doses, namedDose{KindFGSM, s.FGSM.Dose})
	}
	return doses
}

// Rows returns how many rows a batch of n images has when all adversarial
// training has added its own: what passes through the training step.
func (s Stack) Rows(n int) int {
	for _, dose := range s.doses() {
		if dose.Placement == Add {
			n += dose.rows(n)
		}
	}
	return n
}

// Treatments is how many kinds of steps of whole batches a training has: mixed in
// one way, in the other, or not.
func (s Stack) Treatments() int { return mix.Treatments(s.CutMix, s.MixUp) }

// rows returns round(Share*n).
func (d Dose) rows(n int) int { return round(d.Share, n) }

// round returns p*n rounded to the nearest integer, halves up, as the game
// rounds its shares. The conversion keeps the product from being fused into
// another operation, so that all machines agree.
func round(p float64, n int) int { return int(math.Round(float64(p * float64(n)))) }
