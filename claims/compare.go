package claims

import "backfire/stats"

// Compare judges whether paired differences, one for each seed, lie below the margin on
// the negative side, above it on the positive one, or within it: Supported stands for a
// loss, Opposite for a gain. Differences are of shares, in [-1, 1]. As for a claim, no
// answer comes from fewer than MinSeeds(1) seeds, and the answer is corrected for no
// other. The error wraps stats.ErrSample.
func Compare(name string, measure Measure, perSeed []SeedValue, margin float64) (Statistic, error) {
	s := Statistic{
		Name: name, Measure: measure, Unit: Difference, Side: Below, Bound: -margin, OppositeBound: margin,
		Room: stats.Undefined(), Paper: stats.Undefined(), Repeats: stats.Undefined(),
		Low: stats.Undefined(), High: stats.Undefined(), PerSeed: perSeed, within: Difference.within(),
	}
	return s, s.judge()
}

// Needed returns the number of seeds with which the answer that the estimate leans to
// would be reached with a probability of 80 %, if the seeds to come were like those at
// hand. It is 0 if the values do not tell, and MinSeeds(1) where there are fewer.
func (s *Statistic) Needed() (int, error) {
	if len(s.PerSeed) < MinSeeds(1) {
		return MinSeeds(1), nil
	}
	if s.Outcome != Undecided {
		return len(s.PerSeed), nil
	}
	seeds, err := s.needed(1 - confidence)
	if err != nil || seeds == 0 {
		return 0, err
	}
	return max(seeds, len(s.PerSeed)+1), nil
}

// ErrorLevels returns the smallest two-sided error level at which the seeds answer
// Supported, Opposite and NoEffect, each 1 without evidence. Hypotheses that are tested
// together are corrected by stats.Holm.
func (s *Statistic) ErrorLevels() (supported, opposite, noEffect float64) {
	return s.p.supported, s.p.opposite, s.p.noEffect
}
