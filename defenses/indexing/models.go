package indexing

import (
	"slices"

	"backfire/defenses/definition"
)

// AttributionModel is the position of the model that guesses whose images queries come from, without an index.
const AttributionModel = 1

// PlanModels declares the models of a plan that answer queries, or save states that others start from. Without an
// index the model that is trained on all images and its attribution come first, and with Update Unlearn they are all.
// The error wraps ErrPlan.
func (d *Defense) PlanModels(agents definition.Agents) (*definition.ModelSet, error) {
	settings, honest := d.Settings(), d.Honest
	set := &definition.ModelSet{}
	if unknown := settings.Unknown; unknown != nil {
		honest = true // any agent may be guessed
		set.Models = []definition.Model{{}, AttributionModel: {Attributes: true}}
		if unknown.Update == Unlearn {
			set.Answers = slices.Repeat([]int{AttributionModel}, len(agents.IDs))
			return set, nil
		}
	}
	plan, err := NewPlan(settings, len(agents.IDs), agents.Epochs, agents.Seed)
	if err != nil {
		return nil, err
	}
	answers := plan.Answers
	if !honest {
		answers = answers[:agents.Attackers]
	}
	sliced := plan.slices(agents.IDs)
	at := map[int]int{} // position in set.Models, by that in the plan
	for i, model := range plan.Models {
		savesStates := len(model.Excluded) == 0
		if slices.Contains(answers, i) || savesStates {
			at[i] = len(set.Models)
			set.Models = append(set.Models, definition.Model{Excluded: idsOf(agents.IDs, model.Excluded), Slices: sliced})
		}
	}
	set.Answers = make([]int, len(answers))
	for agent, answer := range answers {
		set.Answers[agent] = at[answer]
	}
	return set, nil
}

// slices returns the slices of the plan's first model, whose training saves the states that the other models start
// from. ids holds the agents' IDs by position. It returns nil for a plan without slices.
func (p *Plan) slices(ids []int) []definition.Slice {
	if p.Settings.Mode != Sliced {
		return nil
	}
	var all []definition.Slice
	var entered []int // positions
	for _, stage := range p.Models[0].Stages {
		entering := slices.DeleteFunc(slices.Clone(stage.Agents), func(agent int) bool { return slices.Contains(entered, agent) })
		all = append(all, definition.Slice{Enter: idsOf(ids, entering), Epochs: stage.Epochs})
		entered = stage.Agents
	}
	return all
}

// idsOf returns those of the agents' IDs that have the given positions, in their order.
func idsOf(ids, positions []int) []int {
	some := make([]int, len(positions))
	for i, position := range positions {
		some[i] = ids[position]
	}
	return some
}
