package claims

import "backfire/stats"

// compareDefenses uses a comparison for each game with the first defense at the
// study's rate, with any number of attackers: that game, followed by the same
// game with each of the other defenses. Games with different N are averaged
// within a seed with equal weights. It reports whether there is a comparison.
func (s *study) compareDefenses(defense string, others ...string) bool {
	games := s.find(func(g gameKey) bool { return g.defense == defense && g.allAt(s.rate) })
	comparisons := make([]comparison, len(games))
	for i, g := range games {
		comparisons[i] = comparison{g}
		for _, other := range others {
			comparisons[i] = append(comparisons[i], g.with(other))
		}
	}
	return s.use(comparisons)
}

// lowersASR returns the statement that the mean ASR of the comparisons' first
// game is lower than that of their game number than.
func (s *study) lowersASR(name string, than int) statement {
	return statement{
		name: name, measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect,
		value: s.changeOfMean(than), room: s.meanOf(than),
	}
}

// keepsAccuracy returns the statement that the standard accuracy of the
// comparisons' first game is higher than that of their game number than.
func (s *study) keepsAccuracy(name string, than int) statement {
	return statement{
		name: name, measures: []Measure{CleanAccuracy}, unit: Difference, side: Above, bound: s.margins.Accuracy,
		value: s.changeOfMean(than),
	}
}

// cutMix examines C5: the mean ASR with CutMix minus that of the same game without
// a defense.
func cutMix(s *study) []statement {
	if !s.compareDefenses(CutMix, NoDefense) {
		return nil
	}
	return []statement{s.lowersASR("change of mean %s by CutMix", 1)}
}

// agentAugmentation examines C6. "Lowers" and "further" compare its mean ASR with
// that of the same game without a defense and with CutMix. "Evenly" requires the
// standard deviation over the attackers of a game, averaged over the games with
// several attackers, to be below the margin of an effect.
func agentAugmentation(s *study) []statement {
	if !s.compareDefenses(AgentAugmentation, NoDefense, CutMix) {
		return nil
	}
	return []statement{
		s.lowersASR("change of mean %s by agent augmentation", 1),
		s.lowersASR("difference of mean %s between agent augmentation and CutMix", 2),
		{
			name:     "standard deviation of %s over the attackers with agent augmentation",
			measures: asrAndLift, unit: Share, side: Below, bound: s.margins.evenSpread(), within: spreads,
			needs: "games with several attackers and " + AgentAugmentation,
			value: func(r seedGames, m Measure) float64 {
				return meanOver(s.comparisons, severalAttackers, func(c comparison) float64 { return float64(stats.Summarize(m.values(r.games[c[0]])).Std) })
			},
		},
	}
}

// spreads is the range of the standard deviation of shares in [0, 1], which is largest
// for two halves at 0 and 1.
var spreads = stats.Range{Low: 0, High: 0.5}

// agentIndexing examines C7: its mean ASR minus that of the same game without a
// defense, and its standard accuracy minus that of the same game with CutMix and
// with agent augmentation.
func agentIndexing(s *study) []statement {
	if !s.compareDefenses(AgentIndexing, NoDefense, CutMix, AgentAugmentation) {
		return nil
	}
	return []statement{
		s.lowersASR("change of mean %s by agent indexing", 1),
		s.keepsAccuracy("difference of %s between agent indexing and CutMix", 2),
		s.keepsAccuracy("difference of %s between agent indexing and agent augmentation", 3),
	}
}
