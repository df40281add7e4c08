package plan

import (
	"backfire/defenses"
	"backfire/defenses/vote"
)

// PlannedVote describes a vote over groups of agents.
type PlannedVote struct {
	// Rule is the rule by which the defender answers.
	Rule vote.Rule `json:"rule"`
	// Own reports whether the defender's own images are in each training set.
	Own bool `json:"own"`
	// Groups holds the IDs of the agents of each group. The model of a group has its position in Models.
	Groups [][]int `json:"groups"`
	// Control holds the hashes of the models of the same vote without poison, in the order of Models; empty if it
	// is not asked for, and in a game without poison.
	Control []string `json:"control,omitempty"`
}

// votes reports whether the model at a position of a defender votes. Models behind those that vote are the ones
// that their filters look at and that they repair.
func (v *PlannedVote) votes(model int) bool { return v != nil && model < len(v.Groups) }

// control returns the hashes of Control.
func (v *PlannedVote) control() []string {
	if v == nil {
		return nil
	}
	return v.Control
}

// controlVote plans the models of the same vote in the game of the twin without poison, if the policy asks for
// them.
func (p *planner) controlVote(d *defended, twin *planned, policy defenses.Policy) error {
	settings := defenses.Get[vote.Settings](policy.Stack, vote.Kind)
	if settings == nil || !settings.Control || twin.err != nil {
		return nil
	}
	clean := twin.cell
	clean.Game = clean.Game.WithoutAttack()
	peaceful, err := p.cell(clean)
	if err != nil || peaceful.hash == twin.hash {
		return err
	}
	cells, err := new(defended).cells(peaceful.cell, policy.Stack)
	if err != nil {
		return err
	}
	for _, c := range cells {
		model, err := peaceful.as(c)
		if err != nil {
			return err
		}
		d.control, d.Vote.Control = append(d.control, model), append(d.Vote.Control, model.hash)
	}
	return nil
}
