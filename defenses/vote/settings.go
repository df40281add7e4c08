// Package vote answers by a vote over agents: the agents are dealt into groups, one
// model is trained for each group, and the class with the most votes is the answer.
// An agent that sends other images changes one model at most, so that the number of
// agents that cannot change an answer is known for each image, without an assumption
// about what they send.
//
// The majority vote is deep partition aggregation (Levine and Feizi, "Deep Partition
// Aggregation: Provable Defenses against General Poisoning Attacks", ICLR 2021), with
// agents in place of images, as in FLCert-D (Cao, Zhang, Jia and Gong, "FLCert: Provably
// Secure Federated Learning Against Poisoning Attacks", IEEE Transactions on Information
// Forensics and Security 17, 2022). The run-off election is that of Rezaei, Banihashem,
// Chegini and Feizi, "Run-Off Election: Improved Provable Defense against Data Poisoning
// Attacks", ICML 2023.
package vote

import (
	"errors"
	"fmt"

	"backfire/defenses/definition"
)

// Kind is the name of the defense.
const Kind definition.Kind = "vote"

// ErrPlan is wrapped if the agents of a game cannot be dealt into groups.
var ErrPlan = errors.New("cannot be put to the vote")

// Rule is the way in which the votes of the models become an answer.
type Rule string

const (
	// Majority answers with the class that most models predict, of equals the lowest
	// label.
	Majority Rule = "majority"
	// RunOff puts the two classes that most models predict to a second vote, in which
	// each model votes for the one that it finds more probable. Of equals the lowest
	// label wins in both rounds.
	RunOff Rule = "run_off"
)

// Rules returns all rules.
func Rules() []Rule { return []Rule{Majority, RunOff} }

// Settings are the settings of a vote over agents.
type Settings struct {
	// Groups is the number of groups; 0 gives each agent a group of its own.
	Groups int `json:"groups" yaml:"groups"`
	// Own has the defender's own images in the training set of each model.
	Own bool `json:"own" yaml:"own"`
	// Rule is Majority or RunOff.
	Rule Rule `json:"rule" yaml:"rule"`
	// Control plays the same vote without poison as well, to compare the certificates with
	// the answers that the attack changed.
	Control bool `json:"control" yaml:"control"`
}

// Definition is the definition of the defense.
var Definition = definition.Definition{
	Kind: Kind, Stages: []definition.Stage{definition.Models},
	Summary: "one model for each group of agents; the models vote, and each answer has the number of agents that could not have changed it",
	Settings: []definition.Setting{
		{Key: "groups", Default: "0", Range: "[0,)", Help: "number of groups of agents, each with a model; 0: a group for each agent"},
		{Key: "own", Default: "true", Help: "the defender's own images are in the training set of each model"},
		{Key: "rule", Default: string(Majority), Oneof: []string{string(Majority), string(RunOff)}, Help: "majority: the class with the most votes; run_off: a second vote between the two classes with the most; of equals the lowest label"},
		{Key: "control", Default: "false", Help: "the vote of the same game without poison is played too, and its certificates are compared with the answers that the attack changed"},
	},
	New: func() any { return new(Settings) },
}

// Fits returns an error if a game of a scale has too few agents. The error wraps
// ErrPlan.
func (s Settings) Fits(scale definition.Scale) error {
	switch {
	case scale.Agents < 1:
		return fmt.Errorf("%w: there are %d agents: at least 1 is needed", ErrPlan, scale.Agents)
	case s.Groups > scale.Agents:
		return fmt.Errorf("%w: groups is %d, more than the %d agents: choose at most %d, or 0 for a group for each agent", ErrPlan, s.Groups, scale.Agents, scale.Agents)
	}
	return nil
}

// CheckBeside returns an error for a defense that cannot stand beside a vote without the
// defender's own images: one that needs them.
func (s *Settings) CheckBeside(d definition.Definition) error {
	if !s.Own && (d.Acts(definition.Data) || d.Acts(definition.Repair)) {
		return fmt.Errorf("%s and %s(own=false) together: %s needs the defender's own images", d.Kind, Kind, d.Kind)
	}
	return nil
}
