package claims

import (
	"fmt"

	"backfire/stats"
)

// twins uses a unit for each game with the first defense at the study's rate,
// whatever its number of attackers: that game, followed by the same game with
// each of the other defenses. Several N are averaged within a seed, each N as
// much as the others.
func (s *study) twins(defense string, others ...string) bool {
	games := s.find(func(g slot) bool { return g.defense == defense && g.allAt(s.rate) })
	if len(games) == 0 {
		s.lack(fmt.Sprintf("games with %s at p = %v", defense, s.rate))
		return false
	}
	units := make([]unit, len(games))
	for i, g := range games {
		units[i] = unit{g}
		for _, other := range others {
			units[i] = append(units[i], g.with(other))
		}
	}
	return s.use(units)
}

// lowers says that the mean ASR of the units' first game is lower than that of
// their game number than.
func (s *study) lowers(name string, than int) statement {
	return statement{
		name: name, measures: asrAndLift, unit: Difference, side: Below, bound: -EffectMargin,
		value: s.changeOfMean(than), room: s.meanOf(than),
	}
}

// keepsMore says that the standard accuracy of the units' first game is higher
// than that of their game number than.
func (s *study) keepsMore(name string, than int) statement {
	return statement{
		name: name, measures: []Measure{CleanAccuracy}, unit: Difference, side: Above, bound: AccuracyMargin,
		value: s.changeOfMean(than),
	}
}

// cutMix is C5: the mean ASR with CutMix less that of the undefended twin.
func cutMix(s *study) []statement {
	if !s.twins(CutMix, NoDefense) {
		return nil
	}
	return []statement{s.lowers("change of mean %s by CutMix", 1)}
}

// agentAugmentation is C6. "Lowers" and "further" are its mean ASR less that of
// the undefended and of the CutMix twin. "Evenly" is the standard deviation over
// the attackers of a game, averaged over the games with several attackers: below
// EvenSpread.
func agentAugmentation(s *study) []statement {
	if !s.twins(AgentAugmentation, NoDefense, CutMix) {
		return nil
	}
	return []statement{
		s.lowers("change of mean %s by agent augmentation", 1),
		s.lowers("difference of mean %s between agent augmentation and CutMix", 2),
		{
			name:     "standard deviation of %s over the attackers with agent augmentation",
			measures: asrAndLift, unit: Share, side: Below, bound: EvenSpread,
			needs: "games with several attackers and " + AgentAugmentation,
			value: func(r row, m Measure) float64 {
				return over(s.units, several, func(u unit) float64 { return float64(stats.Summarize(m.values(r.games[u[0]])).Std) })
			},
		},
	}
}

// agentIndexing is C7: its mean ASR less that of the undefended twin, and its
// standard accuracy less that of the CutMix and of the agent augmentation twin.
func agentIndexing(s *study) []statement {
	if !s.twins(AgentIndexing, NoDefense, CutMix, AgentAugmentation) {
		return nil
	}
	return []statement{
		s.lowers("change of mean %s by agent indexing", 1),
		s.keepsMore("difference of %s between agent indexing and CutMix", 2),
		s.keepsMore("difference of %s between agent indexing and agent augmentation", 3),
	}
}
