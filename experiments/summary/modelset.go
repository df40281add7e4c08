package summary

import (
	"cmp"
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/stats"
)

// ModelSet is the set of stored models that a defender has for a game.
type ModelSet struct {
	Defender string
	Models   []ModelChoice // at least one
	// Base is a model of all agents' images, whose features distinguish agents: the
	// defender's own if it has one, or else that of the same game without a defense. It
	// is nil where there is neither.
	Base *ModelChoice
	// Vote is the vote of the models; nil if one of them answers.
	Vote *Vote
}

// Voters returns the models that vote, in the order of Vote.Groups.
func (set *ModelSet) Voters() []ModelChoice { return set.Models[:len(set.Vote.Groups)] }

// ModelChoice is one model of a ModelSet.
type ModelChoice struct {
	Hash string
	Cell cell.Cell
}

// without reports whether the model never saw the images of the agent with an ID.
func (m ModelChoice) without(id int) bool {
	return m.Cell.Defense != nil && slices.Contains(m.Cell.Defense.Excluded, id)
}

// all reports whether the model saw the images of all agents.
func (m ModelChoice) all() bool {
	return m.Cell.Defense == nil || len(m.Cell.Defense.Excluded) == 0
}

// NewModelSet reads the models of a game. Twin is the hash of the same game without a
// defense; empty if it is not known. The error wraps store.ErrNotStored or
// store.ErrBroken where one of the models is missing.
func NewModelSet(s *store.Store, g GameResult, twin string) (*ModelSet, error) {
	set := &ModelSet{Defender: g.Defender, Vote: g.Vote}
	for _, hash := range g.Models {
		record, err := s.Glance(hash)
		if err != nil {
			return nil, err
		}
		set.Models = append(set.Models, ModelChoice{hash, record.Cell})
	}
	if i := slices.IndexFunc(set.Models, ModelChoice.all); i >= 0 {
		set.Base = &set.Models[i]
		return set, nil
	}
	if twin == "" {
		return set, nil
	}
	record, err := s.Glance(twin)
	if err != nil {
		return nil, err
	}
	set.Base = &ModelChoice{twin, record.Cell}
	return set, nil
}

// Indexed reports whether the defender has models that leave agents out.
func (set *ModelSet) Indexed() bool {
	return slices.ContainsFunc(set.Models, func(m ModelChoice) bool { return !m.all() })
}

// Unlearning returns the model that unlearns the agent of a query, of a defender that
// keeps no model without an agent's images; nil if there is none.
func (set *ModelSet) Unlearning() *ModelChoice {
	i := slices.IndexFunc(set.Models, func(m ModelChoice) bool { return m.Cell.Attribution != nil })
	if i < 0 || set.Indexed() {
		return nil
	}
	return &set.Models[i]
}

// Without returns the model that never saw the images of the agent with an ID;
// nil if there is none.
func (set *ModelSet) Without(id int) *ModelChoice {
	i := slices.IndexFunc(set.Models, func(m ModelChoice) bool { return m.without(id) })
	if i < 0 {
		return nil
	}
	return &set.Models[i]
}

// Similar is the similarity of a query to an agent's contribution. Higher is more
// similar; only similarities of one query are comparable.
type Similar struct {
	Agent      int          `json:"agent"` // its ID
	Similarity stats.Number `json:"similarity"`
}

// Rank returns the agents of a cell by their similarity to a query, the most similar
// first. Equals are in the game's order, and undefined similarities come last, as
// detect.Guess has them.
func Rank(cell cell.Cell, similarity []stats.Number) []Similar {
	ranking, ids := make([]Similar, len(similarity)), cell.Game.AgentIDs()
	for i, s := range similarity {
		ranking[i] = Similar{ids[i], s}
	}
	slices.SortStableFunc(ranking, func(a, b Similar) int { return -cmp.Compare(a.Similarity, b.Similarity) })
	return ranking
}
