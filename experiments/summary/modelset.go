package summary

import (
	"cmp"
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/stats"
)

// Panel is the set of stored models that a defender ended a game with.
type ModelSet struct {
	Defender string
	Models   []ModelChoice // at least one
	// Base is a model of everybody's images, whose features tell agents apart: the
	// defender's own if it has one, or else its undefended twin's. It is nil where
	// there is neither.
	Base *ModelChoice
}

// PanelModel is one model of a panel.
type ModelChoice struct {
	Hash string
	Cell cell.Cell
}

// without says whether the model never saw the images of the attacker with an ID.
func (m ModelChoice) without(id int) bool {
	return m.Cell.Defense != nil && slices.Contains(m.Cell.Defense.Excluded, id)
}

// everybody says whether the model saw everybody's images.
func (m ModelChoice) everybody() bool {
	return m.Cell.Defense == nil || len(m.Cell.Defense.Excluded) == 0
}

// Panel reads what models a row of a summary has. Twin is the hash of the game
// without a defense; empty if it is not known. The error wraps ErrNotStored or
// ErrBroken where one of the models is missing.
func NewModelSet(s *store.Store, row GameResult, twin string) (*ModelSet, error) {
	p := &ModelSet{Defender: row.Defender}
	for _, hash := range row.Models {
		record, err := s.Glance(hash)
		if err != nil {
			return nil, err
		}
		p.Models = append(p.Models, ModelChoice{hash, record.Cell})
	}
	if i := slices.IndexFunc(p.Models, ModelChoice.everybody); i >= 0 {
		p.Base = &p.Models[i]
		return p, nil
	}
	if twin == "" {
		return p, nil
	}
	record, err := s.Glance(twin)
	if err != nil {
		return nil, err
	}
	p.Base = &ModelChoice{twin, record.Cell}
	return p, nil
}

// Indexed says whether the defender has models that leave agents out.
func (p *ModelSet) Indexed() bool {
	return slices.ContainsFunc(p.Models, func(m ModelChoice) bool { return !m.everybody() })
}

// Unlearning returns the model of an inquiry whose defender keeps no model without an
// agent's images: it unlearns the agent that a query is from. Nil if there is none.
func (p *ModelSet) Unlearning() *ModelChoice {
	i := slices.IndexFunc(p.Models, func(m ModelChoice) bool { return m.Cell.Attribution != nil })
	if i < 0 || p.Indexed() {
		return nil
	}
	return &p.Models[i]
}

// Without returns the model that never saw the images of the attacker with an ID;
// nil if there is none.
func (p *ModelSet) Without(id int) *ModelChoice {
	i := slices.IndexFunc(p.Models, func(m ModelChoice) bool { return m.without(id) })
	if i < 0 {
		return nil
	}
	return &p.Models[i]
}

// Similar says how similar a query is to an agent's contribution; higher is more
// similar, comparable within a query only.
type Similar struct {
	Agent      int          `json:"agent"` // an attacker's ID
	Similarity stats.Number `json:"similarity"`
}

// Rank names the attackers of a cell by their similarity to a query, the most
// similar first; of equals, the first in the game's order, and what is undefined
// last (detect.Guess).
func Rank(cell cell.Cell, similarity []stats.Number) []Similar {
	ranking := make([]Similar, len(similarity))
	for i, s := range similarity {
		ranking[i] = Similar{cell.Game.Attackers[i].ID, s}
	}
	slices.SortStableFunc(ranking, func(a, b Similar) int { return -cmp.Compare(a.Similarity, b.Similarity) })
	return ranking
}
