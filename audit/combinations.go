package audit

import (
	"slices"

	"backfire/audit/design"
	"backfire/claims"
	"backfire/stats"
)

// Combination is the interference of the screening where the two strongest factors have some levels, at one N: the
// mean over the runs with these levels on each seed, whatever the other factors are. It shows what the effect of each
// factor by itself hides: that attackers spoil each other at one combination alone.
type Combination struct {
	Reading string `json:"reading"` // "sampling = per image, labels = distinct"
	N       int    `json:"n"`
	// Single is the mean lift of the matched singles, a share, and Lift that of the same attackers among N.
	Single       stats.Number `json:"single_lift"`
	Lift         stats.Number `json:"lift"`
	Interference stats.Number `json:"interference"`
	// Low to High is the 95 % interval of the interference, from the seeds.
	Low     stats.Number `json:"low"`
	High    stats.Number `json:"high"`
	PerSeed []float64    `json:"per_seed"`
}

// combinations returns the interference at each combination of the levels of two factors and at each N; nothing
// before all runs of the screening have a seed.
func (s *Spec) combinations(d design.Design, pair []int, games played, seeds int) ([]Combination, error) {
	found := []Combination{}
	if seeds == 0 {
		return found, nil
	}
	first, second := design.Main(pair[0]), design.Main(pair[1])
	for _, high := range []design.Effect{0, second, first, first | second} {
		for _, n := range s.Screening.Counts {
			if n < 2 {
				continue
			}
			c, err := s.combination(d, pair, high, games, seeds, n)
			if err != nil {
				return nil, err
			}
			found = append(found, c)
		}
	}
	return found, nil
}

// combination returns the interference where of two factors those of a set have their high level.
func (s *Spec) combination(d design.Design, pair []int, high design.Effect, games played, seeds, n int) (Combination, error) {
	values, singles := s.interferenceOf(d, games, seeds, n, func(run int) bool {
		return !slices.ContainsFunc(pair, func(f int) bool { return d.High(run, f) != (high&design.Main(f) != 0) })
	})
	c := Combination{Reading: s.pairText(pair, high, 0), N: n, Single: stats.Summarize(singles).Mean, PerSeed: values}
	a, err := s.answer("C1", values, claims.Below, s.interval(d, games, seeds, n))
	c.Interference, c.Low, c.High, c.Lift = a.Estimate, a.Low, a.High, c.Single+a.Estimate
	return c, err
}

// BySeed returns the least and the most interference of a seed, undefined without seeds.
func (c *Combination) BySeed() (least, most stats.Number) {
	if len(c.PerSeed) == 0 {
		return stats.Undefined(), stats.Undefined()
	}
	return stats.Number(slices.Min(c.PerSeed)), stats.Number(slices.Max(c.PerSeed))
}
