package report

import (
	"fmt"
	"math"
	"slices"

	"backfire/claims"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/stats"
)

// measure adds the games of series to measurements.
func (b *builder) measure(m *claims.Measurements, of []*series) error {
	for _, s := range of {
		for _, p := range s.complete() {
			if colluding(p.game.Attackers) {
				continue
			}
			g, err := b.measured(s, p)
			if err != nil {
				return err
			}
			m.Games = append(m.Games, g)
		}
	}
	return nil
}

// ofGames are the claims that a table of no paper judges if its games speak to them: C1,
// those about defenses that are among the games, C8 and the sibling's.
func ofGames(m claims.Measurements) []string {
	ids := []string{"C1"}
	for _, claim := range []struct{ id, defense string }{
		{"C5", claims.CutMix}, {"C6", claims.AgentAugmentation}, {"C7", claims.AgentIndexing},
	} {
		if slices.ContainsFunc(m.Games, func(g claims.Game) bool { return g.Defense == claim.defense }) {
			ids = append(ids, claim.id)
		}
	}
	ids = append(ids, "C8")
	for _, claim := range claims.All() {
		if claim.ID[0] == 'S' {
			ids = append(ids, claim.ID)
		}
	}
	return ids
}

// diverges reports whether a divergence was measured in any game.
func diverges(m claims.Measurements) bool {
	return slices.ContainsFunc(m.Games, func(g claims.Game) bool {
		return slices.ContainsFunc(g.Attackers, func(a claims.Attacker) bool { return a.Divergence.Defined() })
	})
}

// labelsOf returns the choice of labels in a game.
func labelsOf(s *series, attackers []summary.GameAttacker) claims.Labels {
	if s.labels == "random" {
		return claims.Random
	}
	var targets []int
	for _, a := range attackers {
		targets = append(targets, int(a.Target))
	}
	return claims.LabelsOf(targets)
}

// measured returns a game in the form that claims are judged by.
func (b *builder) measured(s *series, p played) (claims.Game, error) {
	g := claims.Game{
		Seed: p.point.Seed, Training: p.point.Repetition, Defense: s.defender, Labels: labelsOf(s, p.game.Attackers),
		CleanAccuracy: stats.Number(p.game.CleanAccuracy.Value()), CleanImages: p.cleanImages(), Collapsed: p.game.Collapsed,
		Pool: p.point.Pool, Width: p.point.Model.Width, Trigger: p.point.Readings.TriggerKind, Models: p.game.Models,
	}
	if c := p.game.HonestControl; c != nil {
		g.Control = &claims.Control{ASR: c.ASR, Lift: c.Lift, CleanAccuracy: stats.Number(c.CleanAccuracy.Value()), Collapsed: c.Collapsed}
	}
	for _, a := range p.game.Attackers {
		one := claims.Attacker{
			ID: a.ID, Target: int(a.Target), Rate: a.PoisonRate, P1: a.P1, P2: a.P2, Poisoned: a.Poisoned,
			ASR: stats.Number(a.ASR.Value()), Lift: a.Lift, Images: a.ASR.Of,
			Robustness: stats.Number(a.Robustness.Value()), Randomness: stats.Undefined(), Divergence: distance(a.Divergence),
		}
		if a.Randomness != nil {
			one.Randomness = a.Randomness.Uniform
		}
		var err error
		if one.Single, one.Lone, err = b.alone(p, a); err != nil {
			return claims.Game{}, err
		}
		g.Attackers = append(g.Attackers, one)
	}
	return g, nil
}

// distance returns the maximum mean discrepancy of a divergence, undefined without
// one. JS would be unsuitable: it grows as an attacker's images become fewer, because
// their histograms differ by chance alone. An unbiased square below 0 counts as 0.
func distance(d *store.AttackerDivergence) stats.Number {
	if d == nil || !d.MMD2.Defined() {
		return stats.Undefined()
	}
	return stats.Number(math.Sqrt(max(0, float64(d.MMD2))))
}

// alone returns an attacker's figures in its matched single, and in the game in which it is
// alone with all images; nil where these were not played. The summary does not tell
// whether the matched single's model collapsed; that comes from Options.Result.
func (b *builder) alone(p played, a summary.GameAttacker) (single, lone *claims.Figures, err error) {
	if a.Lone != nil && a.Lone.ASR != nil {
		lone = &claims.Figures{ASR: stats.Number(a.Lone.ASR.Value()), Lift: orUndefinedNumber(a.Lone.Lift), Model: a.Lone.Cell}
	}
	if a.SingleASR == nil {
		return nil, lone, nil
	}
	single = &claims.Figures{ASR: stats.Number(a.SingleASR.Value()), Lift: orUndefinedNumber(a.SingleLift), Model: a.SingleCell}
	if b.opt.Result != nil {
		result, err := b.opt.Result(a.SingleCell)
		if err != nil {
			return nil, nil, fmt.Errorf("attacker %d alone: %w", a.ID, err)
		}
		single.Collapsed = result != nil && result.Collapsed
	}
	// Earlier versions compared with the game in which an attacker is alone with all images.
	if p.game.N > 1 && p.point.Readings.Seats == 0 && a.Lone == nil {
		return nil, single, nil
	}
	return single, lone, nil
}

// orUndefinedNumber returns a number, undefined for none.
func orUndefinedNumber(n *stats.Number) stats.Number { return stats.Number(orUndefined(n)) }
