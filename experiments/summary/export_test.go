package summary

import (
	"backfire/experiments/plan"
	"backfire/game"
)

// Games returns the games of a plan.
func Games(p *plan.Plan, results *plan.CachedReader) ([]GameSummary, error) {
	point, err := newPointSummary(plan.SweepPoint{}, p, results)
	return point.Games, err
}

// TrainSeconds returns the seconds that the trainings of a game's models took.
func TrainSeconds(p *plan.Plan, planned plan.PlannedGame, results *plan.CachedReader, models []string) (float64, error) {
	return joiner{p, planned, results}.trainSeconds(models)
}

// Attackers returns what each attacker achieved.
func (u UnknownIndex) Attackers() []game.Success { return u.attackers }
