package vote

import (
	"slices"

	"backfire/defenses/definition"
	"backfire/internal/streams"
)

// Deal deals agents into groups whose sizes differ by at most one, at random by the
// stream "vote" of the seed. ids holds the agents' IDs, which must differ. Which agents
// share a group depends on the set of IDs alone, so that no attacker has an influence on
// it. Each group is in the order of ids. With a group for each agent, the groups are in the
// order of ids, too. The error wraps ErrPlan.
func (s Settings) Deal(ids []int, seed uint64) ([][]int, error) {
	if err := s.Fits(definition.Scale{Agents: len(ids)}); err != nil {
		return nil, err
	}
	k := s.Groups
	if k == 0 || k == len(ids) {
		return slices.Collect(slices.Chunk(slices.Clone(ids), 1)), nil
	}
	sorted := slices.Sorted(slices.Values(ids))
	groups := make([][]int, k)
	for i, at := range streams.New(seed, string(Kind), uint64(len(ids)), uint64(k)).Perm(len(ids)) {
		groups[i%k] = append(groups[i%k], sorted[at])
	}
	for _, group := range groups {
		slices.SortFunc(group, func(a, b int) int { return slices.Index(ids, a) - slices.Index(ids, b) })
	}
	return groups, nil
}

// PlanModels declares a model for each group. Triggers that another defense simulates for it avoid those of the agents
// of its group alone, so that it depends on no other agent. The error wraps ErrPlan.
func (s *Settings) PlanModels(agents definition.Agents) (*definition.ModelSet, error) {
	groups, err := s.Deal(agents.IDs, agents.Seed)
	if err != nil {
		return nil, err
	}
	set := &definition.ModelSet{Groups: groups, Answers: make([]int, agents.Attackers)}
	for position, id := range agents.IDs[:agents.Attackers] {
		set.Answers[position] = slices.IndexFunc(groups, func(group []int) bool { return slices.Contains(group, id) })
	}
	for _, group := range groups {
		others := slices.DeleteFunc(slices.Clone(agents.IDs), func(id int) bool { return slices.Contains(group, id) })
		set.Models = append(set.Models, definition.Model{Excluded: others, WithoutOwn: !s.Own, AvoidsGroup: true})
	}
	return set, nil
}
