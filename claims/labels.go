package claims

// distinctLabels examines C4. It uses the undefended games of several attackers with
// distinct labels, all at the usual strength. The number is the mean over the attackers of
// their measure minus that of their matched single, with the same trigger, label and
// images. Games with different N are averaged within a seed.
func distinctLabels(s *study) []statement {
	games := s.find(func(g gameKey) bool { return s.plain(g) && g.labels == Distinct && s.hasSingles(g) })
	if !s.useWithSingles(eachAlone(games)) {
		return nil
	}
	return []statement{{
		name:     "mean difference of each attacker's %s with distinct labels from its matched single's",
		measures: asrAndLift, unit: Difference, side: Below, bound: -s.margins.Effect, singles: true,
		value: overGames(s.comparisons, 0, interference), room: overGames(s.comparisons, 0, single),
	}}
}

// oneLabel examines S4: the mean over the attackers with one label for all minus that with
// distinct ones, in undefended games of the same attackers at the usual strength. Games with
// different N are averaged within a seed.
func oneLabel(s *study) []statement {
	var comparisons []comparison
	for _, distinct := range s.find(func(g gameKey) bool { return s.plain(g) && g.labels == Distinct }) {
		for _, same := range s.find(func(g gameKey) bool {
			return s.plain(g) && g.labels == Same && g.ids == distinct.ids && g.setting == distinct.setting
		}) {
			comparisons = append(comparisons, comparison{same, distinct})
		}
	}
	if !s.use(comparisons) {
		return nil
	}
	return []statement{{
		name:     "difference of mean %s between one label for all and distinct labels",
		measures: asrAndLift, unit: Difference, side: Above, bound: s.margins.Effect,
		value: s.changeOfMean(1), room: s.leftToGain(1),
	}}
}
