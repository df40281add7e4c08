package audit

import (
	"math"
	"slices"
	"strings"

	"backfire/audit/design"
	"backfire/claims"
	"backfire/stats"
)

// effectUnit is the size of differences that the symmetric betting on effects is tuned to.
const effectUnit = 0.005

// confidence is the level of all intervals.
const confidence = 0.95

// Direction is the answer on an effect.
type Direction string

// The answers.
const (
	Raises    Direction = "raises"    // the interval lies above the margin
	Lowers    Direction = "lowers"    // it lies below minus the margin
	NoEffect  Direction = "no effect" // it lies within the margin on both sides
	Undecided Direction = "undecided" // anything else
)

// direction returns the answer of an interval.
func direction(i stats.Interval, margin float64) Direction {
	switch {
	case float64(i.Low) > margin:
		return Raises
	case float64(i.High) < -margin:
		return Lowers
	case float64(i.Low) >= -margin && float64(i.High) <= margin:
		return NoEffect
	default:
		return Undecided
	}
}

// Screened is the effect of a factor, or of a group of aliased interactions, on a measure at one N: the mean with
// the factor's high level minus the mean with its low one.
type Screened struct {
	Effects  []design.Effect `json:"-"` // aliases of each other
	Name     string          `json:"name"`
	Order    int             `json:"order"` // 1: a factor, 2: interactions
	Measure  Measure         `json:"measure"`
	N        int             `json:"n"`
	Estimate stats.Number    `json:"estimate"`
	// Low to High is the 95 % interval, from the seeds, and Interval what it assumes.
	Low      stats.Number `json:"low"`
	High     stats.Number `json:"high"`
	Interval Interval     `json:"interval"`
	// Share is the part of the variance between the runs' means over the seeds, from 0 to 1.
	Share     stats.Number `json:"share"`
	Direction Direction    `json:"direction"`
	PerSeed   []float64    `json:"per_seed"`
}

// Main reports whether the effect is one factor's.
func (e Screened) Main() bool { return e.Order == 1 }

// Reference returns the size beyond which an effect stands out of a half-normal plot: Lenth's margin of error, 2.3 times
// his pseudo standard error ("Quick and Easy Analysis of Unreplicated Factorials", Technometrics 31, 1989), a rule
// of thumb for a design of 16 runs that uses no repetition.
func Reference(effects []Screened) float64 {
	var sizes []float64
	for _, e := range effects {
		if e.Estimate.Defined() {
			sizes = append(sizes, math.Abs(float64(e.Estimate)))
		}
	}
	first := 1.5 * median(sizes)
	return 2.3 * 1.5 * median(slices.DeleteFunc(sizes, func(x float64) bool { return x >= 2.5*first }))
}

// median returns the median, 0 of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// runsOf returns a measure of every run of a design on one seed; false if one is missing or undefined.
func (p played) runsOf(d design.Design, seed uint64, n int, m Measure) ([]float64, bool) {
	values := make([]float64, d.Runs())
	for run := range values {
		g, ok := p[playedKey{Condition{Stage: StageScreening, High: levelsOf(d, run)}, seed, n}]
		if values[run] = m.Of(g); !ok || math.IsNaN(values[run]) {
			return nil, false
		}
	}
	return values, true
}

// screened returns the effects on a measure at one N: of each group of aliases, from the seeds that have all runs.
func (s *Spec) screened(d design.Design, games played, seeds, n int, m Measure) ([]Screened, error) {
	var rows [][]float64
	for i := range seeds {
		if values, ok := games.runsOf(d, s.FirstSeed+uint64(i), n, m); ok {
			rows = append(rows, values)
		}
	}
	var effects []Screened
	total := 0.0 // of squares over all columns of the design, which are the runs' squares about their mean
	means := make([]float64, d.Runs())
	for run := range means {
		means[run] = float64(stats.Over(rows, func(row []float64) float64 { return row[run] }).Mean)
	}
	center := float64(stats.Summarize(means).Mean)
	chosen := s.interval(d, games, seeds, n)
	for _, y := range means {
		total += (y - center) * (y - center)
	}
	for _, group := range d.Aliases() {
		e := Screened{
			Effects: group, Name: design.AliasText(group, s.Names()), Order: group[0].Order(), Measure: m, N: n,
			Estimate: stats.Undefined(), Low: stats.Undefined(), High: stats.Undefined(), Share: stats.Undefined(), Direction: Undecided,
			PerSeed: []float64{}, Interval: chosen,
		}
		for _, row := range rows {
			e.PerSeed = append(e.PerSeed, contrast(d, group[0], row))
		}
		if err := e.judge(s.Margins.Effect); err != nil {
			return nil, err
		}
		if total > 0 {
			e.Share = stats.Number(float64(d.Runs()) / 4 * float64(e.Estimate*e.Estimate) / total)
		}
		effects = append(effects, e)
	}
	return effects, nil
}

// contrast returns the mean over the runs with a positive sign minus that over the others.
func contrast(d design.Design, e design.Effect, values []float64) float64 {
	sum := 0.0
	for run, y := range values {
		sum += float64(d.Sign(run, e)) * y
	}
	return 2 * sum / float64(len(values))
}

// judge sets estimate, limits and answer from the values of the seeds and what their interval assumes.
func (e *Screened) judge(margin float64) error {
	if len(e.PerSeed) == 0 {
		return nil
	}
	e.Estimate = stats.Summarize(e.PerSeed).Mean
	interval, err := e.Interval.method(e.PerSeed).Interval(e.PerSeed, confidence)
	if err != nil {
		return err
	}
	e.Low, e.High = interval.Low, interval.High
	if len(e.PerSeed) >= claims.MinSeeds(1) {
		e.Direction = direction(interval, margin)
	}
	return nil
}

// largest returns the largest number of attackers of the screening.
func (s *Spec) largest() int { return s.Screening.Counts[len(s.Screening.Counts)-1] }

// undecidedEffect reports whether the effect of a factor on interference or lift at the largest N is undecided.
func (s *Spec) undecidedEffect(d design.Design, games played, seeds int) bool {
	for _, m := range []Measure{Interference, Lift} {
		effects, err := s.screened(d, games, seeds, s.largest(), m)
		if err != nil || slices.ContainsFunc(effects, func(e Screened) bool { return e.Main() && e.Direction == Undecided }) {
			return true
		}
	}
	return false
}

// foldOver returns the factors to reverse in a fold-over; 0 if no two effects that matter are aliases. Of a group of
// interactions that raises or lowers interference or lift at the largest N, those matter of which a factor does; all
// of them if there are none.
func (s *Spec) foldOver(d design.Design, games played, seeds int) design.Effect {
	var pairs [][2]design.Effect
	for _, m := range []Measure{Interference, Lift} {
		effects, err := s.screened(d, games, seeds, s.largest(), m)
		if err != nil {
			return 0
		}
		var parents design.Effect
		for _, e := range effects {
			if e.Main() && e.matters() {
				parents |= e.Effects[0]
			}
		}
		for _, e := range effects {
			if e.Main() || len(e.Effects) < 2 || !e.matters() {
				continue
			}
			group := slices.DeleteFunc(slices.Clone(e.Effects), func(one design.Effect) bool { return one&parents == 0 })
			if len(group) == 0 {
				group = e.Effects
			}
			for i := range group {
				for _, other := range group[i+1:] {
					pairs = append(pairs, [2]design.Effect{group[i], other})
				}
			}
		}
	}
	return d.Separating(pairs)
}

// matters reports whether the effect is beyond the margin.
func (e Screened) matters() bool { return e.Direction == Raises || e.Direction == Lowers }

// setsImages reports whether a factor sets how many images an attacker owns or poisons, which is an axis of the
// phase diagram.
func (f Factor) setsImages() bool {
	for _, level := range []Level{f.Low, f.High} {
		for key := range level.Settings {
			if strings.HasPrefix(key, "deal.") || strings.HasPrefix(key, "pool.") || slices.Contains([]string{"attackers.p", "attackers.p0", "attackers.rates", "attackers.poison_rates"}, key) {
				return true
			}
		}
	}
	return false
}

// pair returns the positions of the two factors of the phase diagram, in ascending order. Without a diagram it
// returns those that one would have.
func (s *Spec) pair(d design.Design, games played, seeds int) []int {
	if s.Phase != nil && len(s.Phase.Pair) == 2 {
		pair := s.guessedPair()
		slices.Sort(pair)
		return pair
	}
	effects, err := s.screened(d, games, seeds, s.largest(), Interference)
	if err != nil {
		return s.guessedPair()
	}
	effects = slices.DeleteFunc(effects, func(e Screened) bool { return !e.Main() || s.Factors[e.Effects[0].Factors()[0]].setsImages() })
	if len(effects) < 2 {
		return s.guessedPair()
	}
	slices.SortStableFunc(effects, func(a, b Screened) int {
		switch x, y := math.Abs(float64(a.Estimate)), math.Abs(float64(b.Estimate)); {
		case x > y:
			return -1
		case x < y:
			return 1
		default:
			return 0
		}
	})
	pair := []int{effects[0].Effects[0].Factors()[0], effects[1].Effects[0].Factors()[0]}
	slices.Sort(pair)
	return pair
}
