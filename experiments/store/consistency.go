package store

import (
	"fmt"

	"backfire/experiments/cell"
	"backfire/game"
)

// fits returns an error unless the result is one of the cell: of its seed, with a score of each of its agents. Whether the figures are right, verify checks.
func (r *Result) fits(c cell.Cell) error {
	switch n := len(c.Game.Attackers); {
	case r.Seed != c.Game.Seed:
		return fmt.Errorf("%s is of seed %d, the cell of %d", ResultFile, r.Seed, c.Game.Seed)
	case len(r.Attackers) != n:
		return fmt.Errorf("%s has %d attackers, the cell %d", ResultFile, len(r.Attackers), n)
	case len(r.Honest) != c.Game.SeatCount()-n:
		return fmt.Errorf("%s has %d honest contributors, the cell %d", ResultFile, len(r.Honest), c.Game.SeatCount()-n)
	case len(r.Cross) != 0 && len(r.Cross) != n:
		return fmt.Errorf("%s has a cross-trigger matrix of %d rows for %d attackers", ResultFile, len(r.Cross), n)
	case r.TrainingImages < 0:
		return fmt.Errorf("%s has %d training images", ResultFile, r.TrainingImages)
	}
	for i, attacker := range c.Game.Attackers {
		own := r.Attackers[i]
		target := attacker.TargetLabel()
		if own.Target == 0 { // as earlier versions stored it with all_to_all
			target = game.TargetLabel(attacker.Target)
		}
		if own.ID != attacker.ID || own.Target != target || own.Label != target.Name(c.Data.Classes) {
			return fmt.Errorf("%s has attacker %d with target %d (%q) where the cell has attacker %d with target %d",
				ResultFile, own.ID, own.Target, own.Label, attacker.ID, target)
		}
		if own.Contributed < 0 {
			return fmt.Errorf("%s has attacker %d with %d images", ResultFile, own.ID, own.Contributed)
		}
	}
	for i, row := range r.Cross {
		if len(row) != len(r.Attackers) {
			return fmt.Errorf("%s has a cross-trigger matrix with %d entries in row %d", ResultFile, len(row), i+1)
		}
	}
	return nil
}
