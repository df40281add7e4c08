package plan

import (
	"fmt"
	"slices"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
)

// PlanFormat is the version of Plan's games.
const Format = 1

// Plan is what a configuration asks for: games, the rows of its table, and the
// distinct cells that they are made of.
type Plan struct {
	// Cells are in the order to train them: those of the first game first.
	Cells []cell.Cell
	// Games are in the order of attackers.counts.
	Games []PlannedGame
	// Draws are the triggers that attackers drew so far, by attacker ID, the
	// first draw first: of those whose single ASR is verified
	// (trigger.min_single_asr), be it in this configuration or in another that the
	// sweep names. An attacker without a kept draw waits for the
	// result of its last one.
	Candidates map[int][]Candidate

	cells map[string]cell.Cell // by hash
}

// PlannedGame is a game, what its defenders train, and the games in which its
// attackers are alone.
type PlannedGame struct {
	Cell    string         `json:"cell"`    // hash, of the game without a defense
	Singles map[int]string `json:"singles"` // attacker ID -> hash, for those that are also played alone
	// Defenders are those with a defense.
	Defenders []PlannedDefender `json:"defenders,omitempty"`

	// Waits reports that the trigger of one of the attackers is not decided yet.
	Waits bool `json:"-"`

	refused error // why it cannot be played with the triggers that were drawn
}

// NewPlan turns a configuration into games on a dataset: one per entry of
// attackers.counts, and one for each of the first attackers.singles attackers
// alone, each attacker with its first trigger. Every game is played without a
// defense and by each of the defenders, singles are without. It deals every game, so that
// whatever is wrong with any of them is found here. The error wraps ErrPlan, and
// the cause: game.ErrRules, game.ErrCollision, defenses.ErrPolicy or
// datasets.ErrUnknownClass where it is one.
func New(cfg config.Config, set *datasets.Set) (*Plan, error) {
	cfg.Trigger.MinSingleASR = 0
	p, err := newPlanner(cfg, set)
	if err != nil {
		return nil, fmt.Errorf("experiments: plan: %w", err)
	}
	plan, err := p.plan(nil)
	if err != nil {
		return nil, fmt.Errorf("experiments: plan: %w", err)
	}
	return plan, nil
}

// Hash is the name of the plan: the SHA-256 of its games' canonical JSON.
func (p *Plan) Hash() (string, error) {
	hash, err := cell.HashOf(struct {
		Format int           `json:"format"`
		Games  []PlannedGame `json:"games"`
	}{Format, p.Games})
	if err != nil {
		return "", fmt.Errorf("experiments: hash plan: %w", err)
	}
	return hash, nil
}

// open says whether an attacker's trigger is not decided yet.
func (p *Plan) open(id int) bool {
	draws := p.Candidates[id]
	return len(draws) > 0 && !slices.ContainsFunc(draws, func(d Candidate) bool { return d.Kept })
}

// first is a cell with what all games of the plan have in common: the first
// game's, not that of a single game in which a trigger is verified.
func (p *Plan) First() cell.Cell { return p.cells[p.Games[0].Cell] }

// Cell returns the cell called hash, if the plan has it.
func (p *Plan) Cell(hash string) (cell.Cell, bool) {
	cell, ok := p.cells[hash]
	return cell, ok
}

// add notes a cell, unless the plan has it.
func (p *Plan) add(made *planned) {
	if _, ok := p.cells[made.hash]; !ok {
		p.cells[made.hash] = made.cell
		p.Cells = append(p.Cells, made.cell)
	}
}
