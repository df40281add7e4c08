package experiments

import (
	"fmt"

	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/game"
)

// PlannedDefender is what a defender trains in one game.
type PlannedDefender struct {
	Name string `json:"name"`
	// Models are the hashes of its cells: one, or with agent indexing several.
	Models []string `json:"models"`
	// Answers holds for each attacker, in the order of the game's, the position
	// in Models of the one that answers its queries.
	Answers []int `json:"answers"`
}

// undefended returns the twin that every defender of the game is compared with.
func (g PlannedGame) undefended(attackers int) PlannedDefender {
	return PlannedDefender{Name: Undefended, Models: []string{g.Cell}, Answers: make([]int, attackers)}
}

// defended is a defender's part of a game with its cells.
type defended struct {
	PlannedDefender
	made []*planned
}

// defend plans what a defender trains in a game that is planned without a
// defense. The error, if any, says why that cannot be done; it names the
// defender.
func (p *planner) defend(twin *planned, policy defenses.Policy) (*defended, error) {
	key := twin.hash + " " + policy.Name
	if d, ok := p.defenses[key]; ok {
		return d, nil
	}
	if err := twin.fits(policy); err != nil {
		return nil, err
	}
	attackers := twin.cell.Game.Attackers
	d := &defended{PlannedDefender: PlannedDefender{Name: policy.Name, Answers: make([]int, len(attackers))}}
	excluded := [][]int{nil} // IDs, by model
	if settings := policy.Stack.Indexing; settings != nil {
		plan, err := indexing.NewPlan(*settings, len(attackers), twin.cell.Training.Epochs, twin.cell.Game.Seed)
		if err != nil {
			return nil, fmt.Errorf("defender %s: %w", policy.Name, err)
		}
		d.Answers, excluded = plan.Answers, nil
		for _, model := range plan.Models {
			excluded = append(excluded, idsOf(attackers, model.Excluded))
		}
	}
	for _, ids := range excluded {
		made, err := twin.with(newDefense(policy.Stack, ids))
		if err != nil {
			return nil, fmt.Errorf("defender %s: %w", policy.Name, err)
		}
		d.made, d.Models = append(d.made, made), append(d.Models, made.hash)
	}
	p.defenses[key] = d
	return d, nil
}

// fits refuses a defender that the game is too small for. A game that cannot be
// played fits everyone: it has its own reason.
func (m *planned) fits(policy defenses.Policy) error {
	if m.err != nil {
		return nil
	}
	training := m.cell.Training
	return policy.Fits(defenses.Scale{
		Contributed: len(m.deal.Defender.Contributed), Agents: len(m.deal.Attackers), Epochs: training.Epochs, Batch: training.Batch,
	})
}

// with returns the same game with a defense. The error says why it cannot be
// trained.
func (m *planned) with(defense *Defense) (*planned, error) {
	d := &planned{cell: m.cell, deal: m.deal}
	d.cell.Defense = defense
	var err error
	if d.hash, err = d.cell.Hash(); err != nil || m.err != nil {
		return d, err
	}
	return d, d.fillsBatch()
}

// fillsBatch refuses a training set that is smaller than a batch.
func (m *planned) fillsBatch() error {
	rows := len(m.deal.Defender.Contributed)
	kept, err := m.cell.kept()
	if err != nil {
		return err
	}
	for _, position := range kept {
		rows += len(m.deal.Attackers[position].Contributed)
	}
	if batch := m.cell.Training.Batch; rows < batch {
		left := ""
		if m.cell.Defense != nil {
			left = " (" + m.cell.Defense.String() + ")"
		}
		return fmt.Errorf("train.batch = %d: the training set has only %d images%s: choose a smaller batch or a larger pool.size", batch, rows, left)
	}
	return nil
}

// idsOf returns the IDs of the attackers at some positions.
func idsOf(attackers []game.Attacker, positions []int) []int {
	ids := make([]int, len(positions))
	for i, position := range positions {
		ids[i] = attackers[position].ID
	}
	return ids
}
