// Package indexing plans agent indexing (section 4.2.2 of the paper): a set of
// models such that for every agent one of them never saw that agent's images,
// and answers that agent's queries.
//
// The paper trains one model per agent. Two cheaper ways keep the guarantee:
// groups of agents that are left out together, and agents that enter training
// in slices, so that leaving one out restarts from the checkpoint before it
// entered (SISA: Bourtoule et al., "Machine Unlearning", IEEE S&P 2021).
//
// The guarantee is about rows, not about content. A model that never saw agent
// i's images still sees those of an agent that colludes with i and stamps the
// same trigger; see Course.
package indexing

import (
	"errors"
	"fmt"
)

// ErrPlan is wrapped where settings cannot be planned for a game.
var ErrPlan = errors.New("cannot be indexed")

// Mode is a way of leaving every agent out of some model.
type Mode string

const (
	// Exact trains one model per agent, on everybody else's images: the
	// paper's.
	Exact Mode = "exact"
	// Grouped deals the agents into k groups and trains k models, each without
	// one group.
	Grouped Mode = "grouped"
	// Sliced lets the agents enter one training in k slices, keeps a checkpoint
	// before each, and leaves an agent out by training on from the checkpoint
	// before its slice, without it.
	Sliced Mode = "sliced"
)

// Settings choose a mode.
type Settings struct {
	// Mode is Exact, Grouped or Sliced.
	Mode Mode `json:"mode" yaml:"mode"`
	// Models is k: the number of models (Grouped; 1 is one model that saw the
	// defender's images alone) or of slices (Sliced; 1 restarts from the
	// initial weights, as Exact does). It is 0 for Exact, where the number of
	// agents decides.
	Models int `json:"models,omitempty" yaml:"models,omitempty"`
	// Unknown says how queries without an index are answered; nil where each has
	// its own.
	Unknown *Unknown `json:"unknown,omitempty" yaml:"unknown,omitempty"`
}

// Default is the paper's way.
func Default() Settings { return Settings{Mode: Exact} }

// Validate refuses unknown modes and a number of models that the mode cannot
// have in any game.
func (s Settings) Validate() error {
	if s.Unknown != nil {
		if err := s.Unknown.Validate(); err != nil {
			return err
		}
		if mode := s.Unknown.Update.mode(); mode != "" && s.Mode != mode {
			return fmt.Errorf("mode is %s: update %s answers with the models of mode %s", s.Mode, s.Unknown.Update, mode)
		}
	}
	switch {
	case s.Mode == Exact && s.Models != 0:
		return fmt.Errorf("models is %d: %s trains one model per agent; leave it out, or choose %s or %s", s.Models, Exact, Grouped, Sliced)
	case s.Mode == Exact:
		return nil
	case s.Mode != Grouped && s.Mode != Sliced:
		return fmt.Errorf("mode is %q: it must be %s, %s or %s", s.Mode, Exact, Grouped, Sliced)
	case s.Models < 1:
		return fmt.Errorf("models is %d: %s needs at least 1", s.Models, s.Mode)
	}
	return nil
}

// Fits refuses settings that a game of so many agents, trained for so many
// epochs, has no use for. The error wraps ErrPlan.
func (s Settings) Fits(agents, epochs int) error {
	switch {
	case agents < 1:
		return fmt.Errorf("%w: there are %d agents: at least 1 is needed", ErrPlan, agents)
	case epochs < 1:
		return fmt.Errorf("%w: there are %d epochs: at least 1 is needed", ErrPlan, epochs)
	case s.Models > agents:
		return fmt.Errorf("%w: models is %d, more than the %d agents: choose at most %d", ErrPlan, s.Models, agents, agents)
	case s.Mode == Sliced && s.Models > epochs:
		return fmt.Errorf("%w: models is %d slices, more than the %d epochs, of which each slice needs one: choose at most %d", ErrPlan, s.Models, epochs, epochs)
	}
	return nil
}
