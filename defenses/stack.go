package defenses

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"backfire/defenses/definition"
)

// Stack holds the defenses of a defender with their settings. The zero value has no
// defense.
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
	parts []part // in the order of application; never changed in place
}

// part is one defense of a stack.
type part struct {
	kind     Kind
	settings any // a pointer to the settings
}

// NewStack returns a stack with one defense. settings points to its settings, which
// have the type that the defense's definition makes.
func NewStack(kind Kind, settings any) Stack { return Stack{}.With(kind, settings) }

// With returns the stack with another defense, or with other settings of one that it
// has; see NewStack.
func (s Stack) With(kind Kind, settings any) Stack {
	s = s.Without(kind)
	at := slices.IndexFunc(s.parts, func(p part) bool { return position(p.kind) > position(kind) })
	if at < 0 {
		at = len(s.parts)
	}
	s.parts = slices.Insert(slices.Clone(s.parts), at, part{kind, settings})
	return s
}

// Without returns the stack without a defense.
func (s Stack) Without(kind Kind) Stack {
	return s.keep(func(d definition.Definition) bool { return d.Kind != kind })
}

// At returns the defenses of the stack that act at any of some stages.
func (s Stack) At(stages ...definition.Stage) Stack {
	return s.keep(func(d definition.Definition) bool { return slices.ContainsFunc(stages, d.Acts) })
}

// Except returns the defenses of the stack that do not act at a stage.
func (s Stack) Except(stage definition.Stage) Stack {
	return s.keep(func(d definition.Definition) bool { return !d.Acts(stage) })
}

// keep returns the defenses whose definition is wanted.
func (s Stack) keep(wanted func(definition.Definition) bool) Stack {
	var kept []part
	for _, p := range s.parts {
		if d, err := find(p.kind); err == nil && wanted(d) {
			kept = append(kept, p)
		}
	}
	return Stack{kept}
}

// Simulates reports whether the stack stamps the defender's own images with triggers of its own, before the training.
func (s Stack) Simulates() bool {
	return !s.keep(func(d definition.Definition) bool { return d.Acts(definition.Data) && d.Triggers }).Empty()
}

// Settings returns a pointer to the settings of a defense, nil if the stack lacks it.
func (s Stack) Settings(kind Kind) any {
	for _, p := range s.parts {
		if p.kind == kind {
			return p.settings
		}
	}
	return nil
}

// Get returns the settings of a defense, of type T; nil if the stack lacks it.
func Get[T any](s Stack, kind Kind) *T {
	settings, _ := s.Settings(kind).(*T)
	return settings
}

// Find returns the first defense of the stack, in the order of application, whose
// settings implement the interface T, and its kind; false if there is none.
func Find[T any](s Stack) (T, Kind, bool) {
	for _, p := range s.parts {
		if settings, ok := p.settings.(T); ok {
			return settings, p.kind, true
		}
	}
	var none T
	return none, "", false
}

// AddDefault adds a defense with its default settings. It returns an error for an
// unknown kind and for one that the stack has already.
func (s *Stack) AddDefault(kind Kind) error {
	d, err := find(kind)
	if err != nil {
		return err
	}
	if s.Settings(kind) != nil {
		return fmt.Errorf("the stack has %s twice", kind)
	}
	*s = s.With(kind, d.Default())
	return nil
}

// Kinds returns the names of the stack's defenses, in the order of application.
func (s Stack) Kinds() []Kind {
	var kinds []Kind
	for _, p := range s.parts {
		kinds = append(kinds, p.kind)
	}
	return kinds
}

// String returns the names of the stack's defenses, joined by "+", or None.
func (s Stack) String() string {
	if s.Empty() {
		return None
	}
	var names []string
	for _, p := range s.parts {
		names = append(names, string(p.kind))
	}
	return strings.Join(names, "+")
}

// Empty reports whether the stack has no defense.
func (s Stack) Empty() bool { return len(s.parts) == 0 }

// Training returns the stack without the defenses that decide which models there
// are: the defenses on which one model of the defender depends, apart from the agents
// left out of its training.
func (s Stack) Training() Stack { return s.Except(definition.Models) }

// Validate returns an error for settings outside their ranges and for defenses
// that contradict each other: CutMix and MixUp whose probabilities add up to more
// than 1, PGD together with FGSM, and two defenses that filter, that repair or that
// decide which models there are.
func (s Stack) Validate() error {
	for _, p := range s.parts {
		d, err := find(p.kind)
		if err == nil {
			err = d.Validate(p.settings)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.kind, err)
		}
	}
	for _, stage := range []definition.Stage{definition.Data, definition.Filter, definition.Repair, definition.Answers, definition.Models} {
		if kinds := s.At(stage).Kinds(); len(kinds) > 1 {
			return fmt.Errorf("%s and %s together: a defender has one defense at the stage %q: choose one", kinds[0], kinds[1], stage)
		}
	}
	return s.checkBeside()
}

// checkBeside asks the settings that know which defenses cannot stand beside them.
func (s Stack) checkBeside() error {
	for _, p := range s.parts {
		if own, ok := p.settings.(interface{ checkStack(s Stack) error }); ok {
			if err := own.checkStack(s); err != nil {
				return err
			}
		}
		own, ok := p.settings.(interface {
			CheckBeside(definition.Definition) error
		})
		if !ok {
			continue
		}
		for _, other := range s.parts {
			d, err := find(other.kind)
			if err == nil && other.kind != p.kind {
				err = own.CheckBeside(d)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Needs returns what each defense of the stack needs of the network.
func (s Stack) Needs() map[Kind][]definition.Need {
	needs := map[Kind][]definition.Need{}
	for _, p := range s.parts {
		if d, err := find(p.kind); err == nil {
			needs[p.kind] = append(needs[p.kind], d.Needs...)
		}
	}
	return needs
}

// Scale is the size of the game that a stack defends.
type Scale = definition.Scale

// Fits returns an error if a game is too small for the stack, which must be valid:
// more simulated attackers than images to stamp, a share of a batch that rounds to
// zero rows, more models than agents, or more slices than epochs.
func (s Stack) Fits(scale Scale) error {
	for _, p := range s.parts {
		sized, ok := p.settings.(interface{ Fits(Scale) error })
		if !ok {
			continue
		}
		if err := sized.Fits(scale); err != nil {
			return fmt.Errorf("%s: %w", p.kind, err)
		}
	}
	return nil
}

// doses returns the dose of each kind of adversarial training in the stack, in
// the order of application.
func (s Stack) doses() []Dose {
	var doses []Dose
	for _, p := range s.parts {
		if d, ok := p.settings.(interface{ dose() Dose }); ok {
			doses = append(doses, d.dose())
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

// round returns p*n rounded to the nearest integer, halves up, as the game
// rounds its shares. The conversion keeps the compiler from fusing the product
// into another operation, so that all machines agree.
func round(p float64, n int) int { return int(math.Round(float64(p * float64(n)))) }
