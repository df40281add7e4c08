package claims

import (
	"fmt"
	"math"
	"slices"
)

// compareDefenses uses a comparison for each game with the first defense at the
// study's rate, with any number of attackers: that game, followed by the same
// game with each of the other defenses. Games with different N are averaged
// within a seed with equal weights. It reports whether there is a comparison.
func (s *study) compareDefenses(defense string, others ...string) bool {
	games := s.find(func(g gameKey) bool { return g.defense == defense && g.allAt(s.usual) })
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
// spread over the attackers of a game beyond the binomial one, averaged over the games with
// several attackers, to be below the margin of an effect.
func agentAugmentation(s *study) []statement {
	if !s.compareDefenses(AgentAugmentation, NoDefense, CutMix) {
		return nil
	}
	return []statement{
		s.lowersASR("change of mean %s by agent augmentation", 1),
		s.lowersASR("difference of mean %s between agent augmentation and CutMix", 2),
		{
			name:     "spread of %s over the attackers, beyond the binomial one, with agent augmentation",
			measures: asrAndLift, unit: Share, side: Below, bound: s.margins.evenSpread(), within: spreads,
			needs: "games with several attackers and " + AgentAugmentation,
			value: func(r seedGames, m Measure) float64 {
				return meanOver(s.comparisons, severalAttackers, func(c comparison) float64 { return spread(r.games[c[0]], m) })
			},
		},
	}
}

// agentIndexing examines C7: its mean ASR minus that of models that leave out an honest
// contributor, which are trained on as many images, and its standard accuracy minus that of
// the same game with CutMix and with agent augmentation. Where no such model was trained,
// its ASR is compared with that without a defense, of a model that saw more images;
// otherwise that comparison stands beside.
func agentIndexing(s *study) []statement {
	if !s.compareDefenses(AgentIndexing, NoDefense, CutMix, AgentAugmentation) {
		return nil
	}
	accuracy := []statement{
		s.keepsAccuracy("difference of %s between agent indexing and CutMix", 2),
		s.keepsAccuracy("difference of %s between agent indexing and agent augmentation", 3),
	}
	plain := s.lowersASR("change of mean %s by agent indexing, against no defense and one contribution more,", 1)
	if !s.hasControl() {
		return append([]statement{plain}, accuracy...)
	}
	without := overGames(s.comparisons, 0, control)
	equal := s.lowersASR("change of mean %s by agent indexing, against leaving out an honest contributor,", 1)
	equal.value = func(r seedGames, m Measure) float64 { return s.meanOf(0)(r, m) - without(r, m) }
	equal.room, equal.needs = without, "models without an honest contributor, none of them collapsed"
	plain.beside, plain.of = true, s.comparisons
	lost := s.keepsAccuracy("difference of %s between agent indexing and leaving out an honest contributor", 1)
	lost.value, lost.beside, lost.of = equal.value, true, s.comparisons
	return append(append([]statement{equal}, accuracy...), plain, lost)
}

// hasControl reports whether a model without an honest contributor was trained in a game in
// use, on any seed.
func (s *study) hasControl() bool {
	for _, c := range s.comparisons {
		for _, seed := range s.seeds {
			if s.games[seed][c[0]].Control != nil {
				return true
			}
		}
	}
	return false
}

// control returns a measure of the models without an honest contributor, NaN without any
// or if one collapsed.
func control(g Game, m Measure) float64 {
	switch c := g.Control; {
	case c == nil || c.Collapsed:
		return math.NaN()
	case m == CleanAccuracy:
		return float64(c.CleanAccuracy)
	default:
		return m.in(&Figures{ASR: c.ASR, Lift: c.Lift})
	}
}

// singleAgentDefenses lists the defenses of S7.
var singleAgentDefenses = []string{CutMix, mixUp, adversarialTriggers, fgsm, pgd, spectralSignatures, activationClustering}

// singleAgent examines S7: for each defense that was played at the largest N, the mean over
// the attackers with it minus that without a defense.
func singleAgent(s *study) []statement {
	games := s.find(func(g gameKey) bool {
		return slices.Contains(singleAgentDefenses, g.defense) && g.n > 1 && g.allAt(s.usual)
	})
	if len(games) == 0 {
		return nil
	}
	ns := sizes(games)
	largest := ns[len(ns)-1]
	var comparisons []comparison
	for _, g := range games {
		if g.n == largest {
			comparisons = append(comparisons, comparison{g, g.with(NoDefense)})
		}
	}
	if !s.use(comparisons) {
		return nil
	}
	var statements []statement
	for _, defense := range singleAgentDefenses {
		with := slices.DeleteFunc(slices.Clone(s.comparisons), func(c comparison) bool { return c[0].defense != defense })
		if len(with) > 0 {
			statements = append(statements, statement{
				name: fmt.Sprintf("change of mean %%s by %s at N = %d", defense, largest), measures: asrAndLift,
				unit: Difference, side: Above, bound: s.margins.Effect,
				value: change(with, 1),
				room:  func(r seedGames, m Measure) float64 { return 1 - mean(with, 1)(r, m) },
			})
		}
	}
	return statements
}
