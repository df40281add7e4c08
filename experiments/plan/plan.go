package plan

import (
	"context"
	"fmt"
	"slices"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
)

// Format is the version of Plan's games.
const Format = 1

// Plan holds what a configuration asks for: games, the rows of its table, and the distinct cells that they
// consist of.
type Plan struct {
	// Cells are in the order to train them: those of the first game first.
	Cells []cell.Cell
	// Seats is the number of seats of every game; 0 if each has as many as attackers.
	Seats int
	// Games are in the order of attackers.counts.
	Games []PlannedGame
	// Candidates are the triggers that attackers drew so far, by attacker ID, the first draw first. They exist
	// for attackers whose trigger is verified (trigger.min_single_asr), in this configuration or in another one
	// that the sweep names. An attacker without a kept candidate waits for the result of its last one.
	Candidates map[int][]Candidate

	cells map[string]cell.Cell // by hash
}

// PlannedGame is a game with the models of its defenders and the single games of its attackers.
type PlannedGame struct {
	Cell string `json:"cell"` // hash, of the game without a defense
	// Singles holds the hash of the matched single game of each attacker that is also played alone, by its ID.
	Singles map[int]string `json:"singles"`
	// Lone holds the hash of the game in which such an attacker owns everything that the defender does not, where
	// its matched single is another game: with as many seats as attackers.
	Lone map[int]string `json:"lone,omitempty"`
	// Transfers holds, by the attacker's ID, the hash of the game in which it poisons nothing and the others play on.
	Transfers map[int]string `json:"transfers,omitempty"`
	// Defenders are those with a defense.
	Defenders []PlannedDefender `json:"defenders,omitempty"`

	// Waits reports that the trigger of one of the attackers is not decided yet.
	Waits bool `json:"-"`

	refused error // the reason why it cannot be played with the triggers that were drawn; nil if it can
}

// New turns a configuration into games on a dataset: one per entry of attackers.counts, and one for each of the
// first attackers.singles attackers alone, each attacker with its first trigger. Every game is played without
// a defense and by each of the defenders, single games only without. New deals every game, so that everything
// that is wrong with any of them is found here. The error wraps ErrPlan, and the cause: game.ErrRules,
// game.ErrCollision, defenses.ErrPolicy or datasets.ErrUnknownClass if it is one of them.
func New(cfg config.Config, set *datasets.Set) (*Plan, error) {
	cfg.Trigger.MinSingleASR = 0
	p, err := newPlanner(context.Background(), cfg, set, cfg.Attackers.SeatsNeeded(), newWeightFiles())
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	plan, err := p.plan(nil)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	return plan, nil
}

// Hash returns the name of the plan: the SHA-256 of its games' canonical JSON, see cell.HashOf.
func (p *Plan) Hash() (string, error) {
	hash, err := cell.HashOf(struct {
		Format int           `json:"format"`
		Games  []PlannedGame `json:"games"`
	}{Format, p.Games})
	if err != nil {
		return "", fmt.Errorf("plan: hash: %w", err)
	}
	return hash, nil
}

// open reports whether an attacker's trigger is not decided yet.
func (p *Plan) open(id int) bool {
	candidates := p.Candidates[id]
	return len(candidates) > 0 && !slices.ContainsFunc(candidates, func(c Candidate) bool { return c.Kept })
}

// First returns the cell of the first game, which has the settings that all games of the plan have in common.
// Single games in which a trigger is verified may have others.
func (p *Plan) First() cell.Cell { return p.cells[p.Games[0].Cell] }

// Cell returns the cell called hash; false if the plan does not have it.
func (p *Plan) Cell(hash string) (cell.Cell, bool) {
	cell, ok := p.cells[hash]
	return cell, ok
}

// add adds a cell unless the plan has it.
func (p *Plan) add(g *planned) {
	if _, ok := p.cells[g.hash]; !ok {
		p.cells[g.hash] = g.cell
		p.Cells = append(p.Cells, g.cell)
	}
}
