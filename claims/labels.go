package claims

import "backfire/stats"

// distinctLabels examines C4. It uses the undefended games of several attackers
// with distinct labels, all at Measurements.Rate. The number is the mean over the
// attackers of their ASR minus their ASR alone with the same trigger, label and
// rate. Games with different N are averaged within a seed.
func distinctLabels(s *study) []statement {
	games := s.find(func(g gameKey) bool {
		return g.defense == NoDefense && g.labels == Distinct && g.n > 1 && g.allAt(s.rate)
	})
	comparisons := make([]comparison, len(games))
	for i, g := range games {
		comparisons[i] = comparison{g}
		for _, a := range s.example(g).Attackers {
			comparisons[i] = append(comparisons[i], g.alone(a, s.rate))
		}
	}
	if !s.use(comparisons) {
		return nil
	}
	// Game 0 of a comparison has all attackers, game i+1 attacker i alone.
	alone := func(c comparison, r seedGames, m Measure) []float64 {
		values := make([]float64, len(c)-1)
		for i, single := range c[1:] {
			values[i] = m.mean(r.games[single])
		}
		return values
	}
	return []statement{{
		name:     "mean difference of each attacker's %s with distinct labels from its own alone",
		measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect,
		value: func(r seedGames, m Measure) float64 {
			return meanOver(s.comparisons, all, func(c comparison) float64 {
				differences := m.values(r.games[c[0]])
				for i, single := range alone(c, r, m) {
					differences[i] -= single
				}
				return float64(stats.Summarize(differences).Mean)
			})
		},
		room: func(r seedGames, m Measure) float64 {
			return meanOver(s.comparisons, all, func(c comparison) float64 { return float64(stats.Summarize(alone(c, r, m)).Mean) })
		},
	}}
}
