// Package indexing plans agent indexing (section 4.2.2 of the paper): a set of
// models of which, for every agent, one was never trained on that agent's images
// and answers that agent's queries.
//
// The paper trains one model per agent. Two cheaper modes keep the guarantee:
// groups of agents that are left out together, and agents that enter training
// in slices, so that a model without an agent restarts from the checkpoint before
// that agent's slice (SISA: Bourtoule et al., "Machine Unlearning", IEEE S&P
// 2021).
//
// The guarantee is about rows, not about content. A model that was never trained
// on agent i's images is still trained on those of an agent that colludes with i
// and stamps the same trigger; see Plan.Course.
package indexing

import (
	"errors"
	"fmt"

	"backfire/defenses/definition"
)

// ErrPlan is wrapped if no plan can be made from settings for a game.
var ErrPlan = errors.New("cannot be indexed")

// Mode is a way of leaving every agent out of some model.
type Mode string

const (
	// Exact trains one model per agent, on the images of all others, as in the
	// paper.
	Exact Mode = "exact"
	// Grouped deals the agents into k groups and trains k models, each without
	// one group.
	Grouped Mode = "grouped"
	// Sliced trains one model that the agents enter in k slices, and keeps a
	// checkpoint before each slice. A model without an agent resumes, without the
	// agent, from the checkpoint before its slice.
	Sliced Mode = "sliced"
)

// Settings are the settings of agent indexing.
type Settings struct {
	// Mode is Exact, Grouped or Sliced.
	Mode Mode `json:"mode" yaml:"mode"`
	// Models is k: the number of models for Grouped (1 gives one model trained on
	// the defender's images alone), or of slices for Sliced (with 1 every model
	// starts from the initial weights, as with Exact). It must be 0 for Exact,
	// which has one model per agent.
	Models int `json:"models,omitempty" yaml:"models,omitempty"`
	// Unknown sets the answers to queries without an index. It is nil if every
	// query has its agent's index.
	Unknown *Unknown `json:"unknown,omitempty" yaml:"unknown,omitempty"`
}

// Default returns the paper's settings: mode Exact.
func Default() Settings { return Settings{Mode: Exact} }

// Validate returns an error for unknown modes and for a number of models that the
// mode cannot have in any game.
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
		return fmt.Errorf("models is %d: %s trains one model per agent; remove models, or choose %s or %s", s.Models, Exact, Grouped, Sliced)
	case s.Mode == Exact:
		return nil
	case s.Mode != Grouped && s.Mode != Sliced:
		return fmt.Errorf("mode is %q: it must be %s, %s or %s", s.Mode, Exact, Grouped, Sliced)
	case s.Models < 1:
		return fmt.Errorf("models is %d: %s needs at least 1", s.Models, s.Mode)
	}
	return nil
}

// Fits returns an error if a game of a scale is
// too small for the settings. The error wraps ErrPlan.
func (s Settings) Fits(scale definition.Scale) error {
	agents, epochs := scale.Agents, scale.Epochs
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
