package game

import (
	"fmt"

	"backfire/stats"
)

// AttackerScore is what one attacker asked for, did and got.
type AttackerScore struct {
	// ID, Target and the rates repeat the rules.
	ID         int     `json:"id"`
	Target     int     `json:"target"`
	PoisonRate float64 `json:"p0"`
	P1         float64 `json:"p1"`
	P2         float64 `json:"p2"`
	// Trigger is the trigger's ID; empty with PerImage.
	Trigger string `json:"trigger"`
	// Colludes repeats the rules: whose trigger it is, if not the attacker's own.
	Colludes *int `json:"colludes,omitempty"`
	// Contributed counts the images contributed, Budget those that p0 asks to
	// poison, Poisoned those poisoned (fewer than Budget only where the
	// contribution holds no more candidates), HeldOut those held out.
	Contributed int `json:"contributed"`
	Budget      int `json:"budget"`
	Poisoned    int `json:"poisoned"`
	HeldOut     int `json:"held_out"`
	// ASR, BaseRate, Robustness and Lift are as in Success.
	ASR        Rate         `json:"asr"`
	BaseRate   Rate         `json:"base_rate"`
	Robustness Rate         `json:"robustness"`
	Lift       stats.Number `json:"lift"`
}

// Score is the outcome of one game.
type Score struct {
	// Clean is the standard accuracy: the share of the defender's held-out
	// images that are predicted as their true label.
	Clean Rate `json:"clean"`
	// Chance is the highest Clean that still counts as chance; see Collapsed.
	Chance Rate `json:"chance"`
	// Collapsed says that Clean is at most Chance: the model predicts no better
	// than guessing, and its attack success rates mean nothing. The bound is
	// the larger of the 99 % quantile of a binomial distribution (guessing
	// uniformly among the classes on that many images) and the count of the
	// commonest class among them (always saying the same).
	Collapsed bool `json:"collapsed"`
	// Attackers holds each attacker's score, in the order of Rules.Attackers.
	Attackers []AttackerScore `json:"attackers"`
	// Cross is the cross-trigger matrix: Cross[i][j] is the share of attacker
	// i's held-out images with i's trigger that are predicted as j's target
	// (with ExcludeTargetClass: of those whose label is not j's target). It is
	// always over the attacker's own images; with Denominator Own its diagonal
	// is the ASRs.
	Cross [][]Rate `json:"cross"`
	// ASR, BaseRate, Robustness and Lift summarise the measures over the
	// attackers; rates over no images are left out and counted.
	ASR        stats.Summary `json:"asr"`
	BaseRate   stats.Summary `json:"base_rate"`
	Robustness stats.Summary `json:"robustness"`
	Lift       stats.Summary `json:"lift"`
}

// Score scores a model's predictions, one class for each probe in the order of
// Probes. The measures are those of section 4 of the paper and, for base rate,
// lift and the cross-trigger matrix, the definitions at the fields. The error
// wraps ErrPredictions.
func (g *Game) Score(predicted []uint8) (*Score, error) {
	list := g.probeList()
	if len(predicted) != len(list) {
		return nil, fmt.Errorf("game: score: %w: %d predictions for %d probes", ErrPredictions, len(predicted), len(list))
	}
	classes := len(g.set.Classes)
	for i, p := range predicted {
		if int(p) >= classes {
			return nil, fmt.Errorf("game: score: %w: probe %d is predicted as class %d of %d classes", ErrPredictions, i, p, classes)
		}
	}

	c := count(len(g.deal.Attackers), classes, list, predicted)
	s := &Score{Clean: c.defender.correct(noClass), Chance: c.defender.chance()}
	s.Collapsed = s.Clean.Hits <= s.Chance.Hits
	for i := range g.deal.Attackers {
		s.Attackers = append(s.Attackers, g.attackerScore(i, c))
		row := make([]Rate, len(g.rules.Attackers))
		for j, other := range g.rules.Attackers {
			row[j] = c.stamped[i].predictedAs(other.Target, g.rules.excluded(other.Target))
		}
		s.Cross = append(s.Cross, row)
	}
	s.summarize()
	return s, nil
}

// attackerScore scores the attacker at a position.
func (g *Game) attackerScore(position int, c grouped) AttackerScore {
	a, share := g.rules.Attackers[position], g.deal.Attackers[position]
	reached := g.rules.success(position, c)
	s := AttackerScore{
		ID: a.ID, Target: a.Target, PoisonRate: a.PoisonRate, P1: a.Trigger.P1, P2: a.Trigger.P2, Colludes: a.Colludes,
		Contributed: len(share.Contributed), HeldOut: len(share.HeldOut),
		Budget: g.poison[position].budget, Poisoned: g.poison[position].poisoned,
		ASR: reached.ASR, BaseRate: reached.BaseRate, Robustness: reached.Robustness, Lift: reached.Lift,
	}
	if g.rules.Sampling == PerAgent {
		s.Trigger = g.triggers[position].ID()
	}
	return s
}

// summarize fills the summaries over the attackers.
func (s *Score) summarize() {
	s.ASR = stats.Over(s.Attackers, func(a AttackerScore) float64 { return a.ASR.Value() })
	s.BaseRate = stats.Over(s.Attackers, func(a AttackerScore) float64 { return a.BaseRate.Value() })
	s.Robustness = stats.Over(s.Attackers, func(a AttackerScore) float64 { return a.Robustness.Value() })
	s.Lift = stats.Over(s.Attackers, func(a AttackerScore) float64 { return float64(a.Lift) })
}
