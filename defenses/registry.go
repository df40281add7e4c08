package defenses

import (
	"fmt"
	"slices"

	"backfire/defenses/indexing"
	"backfire/defenses/mix"
)

// None is the name of the defender without defenses.
const None = "none"

// Kind is the name of a defense in configurations, tables and stored cells.
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

// The names of variants of KindIndexing, which a configuration can name in its
// place.
const (
	IndexingGrouped = "indexing_grouped" // mode indexing.Grouped
	IndexingSliced  = "indexing_sliced"  // mode indexing.Sliced
	IndexingUnknown = "indexing_unknown" // queries without an index: indexing.Settings.Unknown is set
)

// registry lists all defenses in the order of application. A new defense is a
// file with its settings, a field of Stack and a line here.
var registry = []registration{
	register(KindAgentAugmentation, func(s *Stack) **AgentAugmentation { return &s.AgentAugmentation }, DefaultAgentAugmentation),
	register(KindAdversarialTriggers, func(s *Stack) **AdversarialTriggers { return &s.AdversarialTriggers }, DefaultAdversarialTriggers),
	register(KindCutMix, func(s *Stack) **mix.Settings { return &s.CutMix }, mix.Default),
	register(KindMixUp, func(s *Stack) **mix.Settings { return &s.MixUp }, mix.Default),
	register(KindPGD, func(s *Stack) **PGD { return &s.PGD }, DefaultPGD),
	register(KindFGSM, func(s *Stack) **FGSM { return &s.FGSM }, DefaultFGSM),
	register(KindIndexing, func(s *Stack) **indexing.Settings { return &s.Indexing }, indexing.Default),
}

// validator is implemented by the settings of every defense.
type validator interface{ Validate() error }

// registration gives access to one defense of a stack.
type registration struct {
	kind Kind
	// settings returns the stack's settings, or nil if it lacks the defense.
	settings func(s *Stack) validator
	// addDefault adds the defense to a stack, with its default settings.
	addDefault func(s *Stack)
	// pointer returns a pointer to the settings of a stack that has the defense.
	pointer func(s *Stack) any
}

// register returns the registration of a defense: its name, its field of a stack
// and its default settings.
func register[T validator](kind Kind, field func(s *Stack) **T, defaults func() T) registration {
	return registration{
		kind: kind,
		settings: func(s *Stack) validator {
			if p := *field(s); p != nil {
				return *p
			}
			return nil
		},
		addDefault: func(s *Stack) {
			settings := defaults()
			*field(s) = &settings
		},
		pointer: func(s *Stack) any { return *field(s) },
	}
}

// find returns the registration of a kind, or an error that names all kinds.
func find(kind Kind) (registration, error) {
	at := slices.IndexFunc(registry, func(r registration) bool { return r.kind == kind })
	if at < 0 {
		return registration{}, fmt.Errorf("there is no defense %q: choose one of %v", kind, Kinds())
	}
	return registry[at], nil
}

// Kinds returns the names of all defenses, in the order of application.
func Kinds() []Kind {
	kinds := make([]Kind, len(registry))
	for i, r := range registry {
		kinds[i] = r.kind
	}
	return kinds
}

// IndexingNames returns the names of agent indexing that a configuration can
// use: KindIndexing, then its variants. A defender has at most one of them.
func IndexingNames() []string {
	return []string{string(KindIndexing), IndexingGrouped, IndexingSliced, IndexingUnknown}
}
