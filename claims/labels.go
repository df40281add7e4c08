package claims

import (
	"fmt"

	"backfire/stats"
)

// distinctLabels is C4. Undefended games of several attackers with distinct
// labels, all at Measurements.Rate: the mean over the attackers of their ASR
// less their ASR alone with the same trigger, label and rate. Games with several
// N are averaged within a seed.
func distinctLabels(s *study) []statement {
	games := s.find(func(g slot) bool {
		return g.defense == NoDefense && g.labels == Distinct && g.n > 1 && g.allAt(s.rate)
	})
	if len(games) == 0 {
		s.lack(fmt.Sprintf("games with distinct labels at p = %v without a defense", s.rate))
		return nil
	}
	units := make([]unit, len(games))
	for i, g := range games {
		units[i] = unit{g}
		for _, a := range s.example(g).Attackers {
			units[i] = append(units[i], g.alone(a, s.rate))
		}
	}
	if !s.use(units) {
		return nil
	}
	// Game 0 of a unit is the game, game i+1 its attacker i alone.
	alone := func(u unit, r row, m Measure) []float64 {
		values := make([]float64, len(u)-1)
		for i, single := range u[1:] {
			values[i] = m.mean(r.games[single])
		}
		return values
	}
	return []statement{{
		name:     "mean difference of each attacker's %s with distinct labels from its own alone",
		measures: asrAndLift, unit: Difference, side: Below, bound: -EffectMargin,
		value: func(r row, m Measure) float64 {
			return over(s.units, all, func(u unit) float64 {
				differences := m.values(r.games[u[0]])
				for i, single := range alone(u, r, m) {
					differences[i] -= single
				}
				return float64(stats.Summarize(differences).Mean)
			})
		},
		room: func(r row, m Measure) float64 {
			return over(s.units, all, func(u unit) float64 { return float64(stats.Summarize(alone(u, r, m)).Mean) })
		},
	}}
}
