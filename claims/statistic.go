package claims

import (
	"fmt"
	"math"

	"backfire/stats"
)

// Statistic is the result of one statement on one measure.
type Statistic struct {
	// Statement is the position of the statement among those of the claim, from 0.
	// A statement about the ASR has a statistic for the ASR and one for the lift.
	Statement int    `json:"statement"`
	Name      string `json:"name"`
	// Beside reports whether the statistic is shown beside the verdict and is no part of it.
	Beside  bool    `json:"beside,omitempty"`
	Measure Measure `json:"measure"`
	Unit    Unit    `json:"unit"`
	// Side and Bound are the condition for support: the whole interval is below,
	// or above, Bound. The opposite is shown if the whole interval is beyond
	// OppositeBound on the other side, and no effect if it lies between the two. The
	// bounds are equal for a statement about a level, which has no effect to exclude. That
	// two quantities are alike is two such statements.
	Side          Side    `json:"side"`
	Bound         float64 `json:"bound"`
	OppositeBound float64 `json:"opposite_bound"`
	// Estimate is the mean over the seeds, undefined without seeds. Low to High is
	// its 95 % confidence interval by betting (package stats), undefined with fewer
	// than two seeds or without a limit.
	Estimate stats.Number `json:"estimate"`
	Low      stats.Number `json:"low"`
	High     stats.Number `json:"high"`
	// Room is the mean over the seeds of the amount that could be lost, or gained;
	// see Margins. It is undefined if the statement is not about a change.
	Room    stats.Number `json:"room"`
	PerSeed []SeedValue  `json:"per_seed"`
	// Images is the number of images over the seeds behind that of its games which has
	// the fewest; 0: not known. Texts have no decimal where they are fewer than 500.
	Images int `json:"images"`
	// Outcome is the answer of the interval alone, not corrected for other claims.
	Outcome Outcome `json:"outcome"`
	// Paper is the paper's value, undefined if it gives none, and Repeats the distance
	// within which it repeats, a share. Size compares Estimate with them.
	Paper   stats.Number `json:"paper"`
	Repeats stats.Number `json:"paper_repeats"`
	Size    Size         `json:"size"`

	within stats.Range // of a seed's value
	least  float64     // of Room, for no effect to be an answer
	// equivalence reports whether support, too, needs room.
	equivalence bool
	p           answers
}

// SeedValue is a statistic's value on one seed.
type SeedValue struct {
	Seed  uint64  `json:"seed"`
	Value float64 `json:"value"`
}

// answers holds a two-sided p-value for each answer: the smallest error level at
// which the interval gives it.
type answers struct{ supported, opposite, noEffect float64 }

// unanswered are the answers without any evidence.
var unanswered = answers{1, 1, 1}

// best returns the answer with the smallest p-value.
func (a answers) best() (Outcome, float64) {
	switch p := min(a.supported, a.opposite, a.noEffect); p {
	case a.supported:
		return Supported, p
	case a.opposite:
		return Opposite, p
	default:
		return NoEffect, p
	}
}

// values returns the values of the seeds.
func (s *Statistic) values() []float64 {
	values := make([]float64, len(s.PerSeed))
	for i, v := range s.PerSeed {
		values[i] = v.Value
	}
	return values
}

// betting returns the betting that judges the values. The mean ASR of a few attackers
// tends to be near 0 or 100 % by the seed, so nothing but its range is assumed. A
// standard accuracy and a correlation have one hump, and their differences are small
// beside the range.
//
// Lifts and their differences can leave the range of ASRs and of theirs where a
// trigger drives images away from its target. The range is widened if they do.
func (s *Statistic) betting(values []float64) stats.Betting {
	switch {
	case s.Unit == Correlation:
		return stats.Symmetric(correlationUnit)
	case s.Measure == CleanAccuracy:
		return stats.Symmetric(AccuracyMargin)
	}
	within := s.within
	for _, x := range values {
		if x > s.within.High {
			within.High = 2 * s.within.High
		}
		if x < s.within.Low {
			within.Low = min(2*s.within.Low, -s.within.High)
		}
	}
	return stats.Bounded(within)
}

// possible returns the limits of an interval as far as the mean can lie there. The intervals of correlations and of
// standard accuracies assume no range, but both have one. Cut to it, they cover the mean as often as before. Limits
// that there are none of, because the seeds are too few, stay infinite.
func (s *Statistic) possible(ci stats.Interval) (low, high stats.Number) {
	bounded := s.Unit == Correlation || s.Measure == CleanAccuracy
	if !bounded || math.IsInf(float64(ci.Low), 0) || math.IsInf(float64(ci.High), 0) {
		return ci.Low, ci.High
	}
	return max(ci.Low, stats.Number(s.within.Low)), min(ci.High, stats.Number(s.within.High))
}

// judge sets the estimate, its interval and the answers from the values of the seeds,
// and compares them with the paper's value.
func (s *Statistic) judge() error {
	values := s.values()
	s.Outcome, s.p, s.Estimate = Undecided, unanswered, stats.Summarize(values).Mean
	if len(values) < 2 {
		return nil
	}
	betting := s.betting(values)
	ci, err := betting.Interval(values, confidence)
	if err != nil {
		return fmt.Errorf("claims: %s: %w", s.Name, err)
	}
	s.Low, s.High = s.possible(ci)
	tests := tails{betting: betting, values: values}
	s.p = s.answers(&tests)
	if len(values) >= MinSeeds(1) {
		if best, p := s.p.best(); p <= 1-confidence {
			s.Outcome = best
		}
		s.Size = s.size(&tests)
	}
	if tests.err != nil {
		return fmt.Errorf("claims: %s: %w", s.Name, tests.err)
	}
	return nil
}

// answers returns the p-value of each answer.
func (s *Statistic) answers(tests *tails) answers {
	a := answers{
		supported: tests.beyond(s.Side, s.Bound),
		opposite:  tests.beyond(s.Side.other(), s.OppositeBound),
		noEffect:  1,
	}
	if s.equivalence && s.lacksRoom() {
		a.supported = 1
	}
	if s.Bound != s.OppositeBound && !s.lacksRoom() {
		a.noEffect = max(tests.beyond(s.Side.other(), s.Bound), tests.beyond(s.Side, s.OppositeBound))
	}
	return a
}

// size compares the values with the paper's value less the distance within which it
// repeats, but not less than the smallest effect. It is empty for a statement that
// the paper's value does not support, and for other units than a difference of ASR.
func (s *Statistic) size(tests *tails) Size {
	sign := 1.0
	if s.Side == Below {
		sign = -1
	}
	if !s.Paper.Defined() || s.Unit != Difference || s.Measure != ASR || sign*float64(s.Paper) <= sign*s.Bound {
		return ""
	}
	asLarge := sign * max(sign*float64(s.Paper)-float64(s.Repeats), sign*s.Bound)
	switch {
	case tests.beyond(s.Side, asLarge) <= 1-confidence:
		return AsLarge
	case tests.beyond(s.Side.other(), asLarge) <= 1-confidence:
		return Smaller
	default:
		return SizeUndecided
	}
}

// lacksRoom reports whether there was too little to lose or to gain.
func (s *Statistic) lacksRoom() bool { return s.Room.Defined() && float64(s.Room) < s.least }

// leaning returns the answer that the estimate itself gives.
func (s *Statistic) leaning() Outcome {
	beyond := func(side Side, bound float64) bool {
		if side == Below {
			return float64(s.Estimate) < bound
		}
		return float64(s.Estimate) > bound
	}
	switch {
	case beyond(s.Side, s.Bound):
		return Supported
	case beyond(s.Side.other(), s.OppositeBound):
		return Opposite
	default:
		return NoEffect
	}
}

// needed returns the number of seeds with which the answer that the estimate leans to
// would be reached at an error level with a probability of 80 %, or 0 if the values do
// not tell.
func (s *Statistic) needed(level float64) (int, error) {
	values := s.values()
	betting := s.betting(values)
	seeds := func(side Side, bound, power float64) (int, error) {
		if side == Below {
			return betting.NeededBelow(values, bound, level/2, power)
		}
		return betting.Needed(values, bound, level/2, power)
	}
	switch s.leaning() {
	case Supported:
		if s.equivalence && s.lacksRoom() {
			return 0, nil
		}
		return seeds(s.Side, s.Bound, neededPower)
	case Opposite:
		return seeds(s.Side.other(), s.OppositeBound, neededPower)
	}
	if s.lacksRoom() || s.Bound == s.OppositeBound {
		return 0, nil
	}
	// Both of two tests succeed at least as often as one minus the sum of their failures.
	power := (1 + neededPower) / 2
	one, err := seeds(s.Side.other(), s.Bound, power)
	if err != nil {
		return 0, err
	}
	other, err := seeds(s.Side, s.OppositeBound, power)
	if err != nil || one == 0 || other == 0 {
		return 0, err
	}
	return max(one, other), nil
}

// neededPower is the probability of an answer for which the needed seeds are counted.
const neededPower = 0.8

// tails computes two-sided p-values of one sample, and keeps the first error.
type tails struct {
	betting stats.Betting
	values  []float64
	err     error
}

// beyond returns the error level at which the interval is wholly on one side of a
// bound.
func (t *tails) beyond(side Side, bound float64) float64 {
	test := t.betting.Above
	if side == Below {
		test = t.betting.Below
	}
	p, err := test(t.values, bound)
	if err != nil && t.err == nil {
		t.err = err
	}
	return math.Min(1, 2*p)
}
