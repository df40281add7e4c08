package report

import (
	"fmt"

	"backfire/equilibrium"
	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/payoffs"
)

// GameTrials returns the trials of an attackers' game on a dataset from the summary of its
// sweep; nil for the summary of another sweep. Games without a result are left out, and so
// are those with an attacker whose lift is undefined or of which the result lacks what the
// filter finds. With several trainings of a seed, the first one counts. The error is that of
// a profile which is none of the game.
func GameTrials(s *summary.Summary, dataset string) ([]payoffs.Trial, error) {
	if s.Game == nil {
		return nil, nil
	}
	trials := []payoffs.Trial{}
	for _, point := range s.Points {
		if point.Data.Name != dataset || point.Repetition > 1 {
			continue
		}
		profile, err := s.Game.ParseKey(point.Keys["profile"])
		if err != nil {
			return nil, fmt.Errorf("report: %s: %w", point.Name, err)
		}
		for _, g := range point.Games {
			defended := g.Defender != plan.Undefended
			if !g.Complete || len(s.Game.Defenders) == 0 && defended {
				continue
			}
			if trial, whole := trialOf(s.Game, profile, point.Seed, g); whole {
				trials = append(trials, trial)
			}
		}
	}
	return trials, nil
}

// trialOf returns the trial of a game, and false if it is not whole.
func trialOf(spec *payoffs.Spec, profile equilibrium.Profile, seed uint64, g summary.GameSummary) (payoffs.Trial, bool) {
	trial := payoffs.Trial{Profile: profile, Seed: seed, CleanAccuracy: g.CleanAccuracy.Value(), Models: g.Models}
	if len(spec.Defenders) > 0 {
		trial.Defender = g.Defender
	}
	for _, a := range g.Attackers {
		one := payoffs.Attacker{Seat: a.ID, ASR: a.ASR.Value(), Lift: float64(a.Lift), Poisoned: a.Poisoned}
		if spec.Filter != "" {
			found, measured := a.Detection[spec.FilterKey()]
			if !measured {
				return trial, false
			}
			one.Found = found.Hits
		}
		if !a.Lift.Defined() {
			return trial, false
		}
		trial.Attackers = append(trial.Attackers, one)
	}
	return trial, true
}
