package report

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"backfire/claims"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report/table"
	"backfire/stats"
)

// judge settles the claims that a table of the paper speaks to; of another table, 0,
// those that its games speak to, unless two of them differ in settings that the claims
// do not compare. The claim about divergence is settled only where divergence was
// measured.
func (b *builder) judge(number int) error {
	m := claims.Measurements{Rate: b.usual, Reading: table.ReadingsTexts(b.table.Readings)}
	var singles []claims.Game
	for _, s := range b.all {
		for _, p := range s.complete() {
			if colluding(p.game.Attackers) {
				continue
			}
			m.Games = append(m.Games, measured(s, p))
			alone, err := b.alone(s, p)
			if err != nil {
				return err
			}
			singles = append(singles, alone...)
		}
	}
	played := m.Games
	for _, single := range singles {
		// Divergence is known for the table's own games, which may include this one.
		i := slices.IndexFunc(m.Games, func(g claims.Game) bool { return slices.Equal(g.Models, single.Models) })
		if i >= 0 {
			single.Attackers[0].Divergence = m.Games[i].Attackers[0].Divergence
		}
		m.Games = append(m.Games, single)
	}
	ids := claims.ForTable(number)
	if number == 0 {
		ids = aboutDefenses(m)
		if b.grows(played) {
			ids = append([]string{"C1"}, ids...)
		}
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "C8" && !diverges(m) })
	if len(ids) == 0 {
		return nil
	}
	verdicts, err := claims.Judge(m, ids...)
	if number == 0 && errors.Is(err, claims.ErrMeasurements) {
		b.table.Notes = append(b.table.Notes, "The points differ in more than the claims compare, so that none is settled here.")
		return nil
	}
	if err != nil {
		return err
	}
	b.table.Verdicts = verdicts
	return nil
}

// aboutDefenses are the claims about defenses that are among the games, and C8.
func aboutDefenses(m claims.Measurements) []string {
	ids := []string{}
	for _, claim := range []struct{ id, defense string }{
		{"C5", claims.CutMix}, {"C6", claims.AgentAugmentation}, {"C7", claims.AgentIndexing},
	} {
		if slices.ContainsFunc(m.Games, func(g claims.Game) bool { return g.Defense == claim.defense }) {
			ids = append(ids, claim.id)
		}
	}
	return append(ids, "C8")
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
		targets = append(targets, a.Target)
	}
	return claims.LabelsOf(targets)
}

// measured returns a game in the form that claims are judged by.
func measured(s *series, p played) claims.Game {
	g := claims.Game{
		Seed: p.point.Seed, Defense: s.defender, Labels: labelsOf(s, p.game.Attackers),
		CleanAccuracy: stats.Number(p.game.CleanAccuracy.Value()), Collapsed: p.game.Collapsed,
		Models: p.game.Models,
	}
	for _, a := range p.game.Attackers {
		one := attacker(a.AttackerResult)
		one.Divergence = distance(a.Divergence)
		g.Attackers = append(g.Attackers, one)
	}
	return g
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

// attacker returns an attacker in the form that claims are judged by.
func attacker(a store.AttackerResult) claims.Attacker {
	return claims.Attacker{
		ID: a.ID, Target: a.Target, Rate: a.PoisonRate, ASR: stats.Number(a.ASR.Value()), Lift: a.Lift,
		Divergence: stats.Undefined(),
	}
}

// alone returns the games in which an attacker of a game is alone. The summary has
// only their ASR; the rest comes from Options.Result.
func (b *builder) alone(s *series, p played) ([]claims.Game, error) {
	var games []claims.Game
	for _, a := range p.game.Attackers {
		if a.SingleASR == nil {
			continue
		}
		g := claims.Game{
			Seed: p.point.Seed, Defense: plan.Undefended, Labels: labelsOf(s, []summary.GameAttacker{a}),
			CleanAccuracy: stats.Undefined(), Models: []string{a.SingleCell},
		}
		single := a.AttackerResult
		single.ASR, single.Lift = *a.SingleASR, stats.Undefined()
		if b.opt.Result != nil {
			result, err := b.opt.Result(a.SingleCell)
			if err != nil {
				return nil, fmt.Errorf("attacker %d alone: %w", a.ID, err)
			}
			if result != nil {
				g.CleanAccuracy, g.Collapsed = stats.Number(result.CleanAccuracy.Value()), result.Collapsed
				single = result.Attackers[0]
			}
		}
		g.Attackers = []claims.Attacker{attacker(single)}
		games = append(games, g)
	}
	return games, nil
}
