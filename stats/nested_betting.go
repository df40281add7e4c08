package stats

import (
	"math"
	"slices"
)

// nestedBets bets on the components of a nested design of values in [0, 1].
//
// Every component within a seed has an unbiased estimate in each seed. These are
// independent and lie in a known range, so that their mean has the interval of [Bounded].
//
// The game's variance and the share of the trainings depend on the mean of all seeds, too,
// which is not known. For a candidate m of it, each seed has the mean square about m, w(m),
// the variance over its trainings, v, and the product of deviations from m of two values
// that have neither training nor attacker in common, c(m). If m is the mean,
//
//   - the share is at most (at least) r only if v - r w(m) has a mean of at most (at least) 0,
//   - the game's variance is at most (at least) g only if c(m) has a mean of at most (at
//     least) g.
//
// Gamblers bet against both on every candidate, and a limit is rejected if they win on all
// candidates. Where a candidate far from the values would keep a limit that others reject,
// only those in a confidence interval of the mean count. That interval takes a fifth of
// the error of this side.
type nestedBets struct {
	all                  []seedMoments
	trainings, attackers float64
	error                float64   // of each side
	means                []float64 // candidates in [0, 1]
	likely               []float64 // those in the confidence interval, with its limits
}

// meanCandidates is the number of steps between the candidates for the mean.
const meanCandidates = 40

// meanError is the part of one side's error that the confidence interval of the mean takes.
const meanError = 0.2

// newNestedBets returns the bets at a level of confidence.
func newNestedBets(all []seedMoments, trainings, attackers int, level float64) (*nestedBets, error) {
	b := &nestedBets{all: all, trainings: float64(trainings), attackers: float64(attackers), error: (1 - level) / 2}
	means := make([]float64, len(all))
	for i, m := range all {
		means[i] = min(1, max(0, m.mean))
	}
	ci, err := Bounded(Range{0, 1}).Interval(means, 1-meanError*b.error)
	if err != nil {
		return nil, err
	}
	b.means = []float64{float64(Summarize(means).Mean)}
	for i := range meanCandidates + 1 {
		b.means = append(b.means, float64(i)/meanCandidates)
	}
	b.likely = append(slices.Clone(b.means), float64(ci.Low), float64(ci.High))
	b.likely = slices.DeleteFunc(b.likely, func(m float64) bool { return !ci.Contains(m) })
	return b, nil
}

// mostWithin returns the largest variance that n values in [0, 1] can have, with n - 1 in
// its denominator.
func mostWithin(n float64) float64 { return math.Floor(n/2) * math.Ceil(n/2) / (n * (n - 1)) }

// farthest returns the largest square of a deviation from m in [0, 1].
func farthest(m float64) float64 { return square(max(m, 1-m)) }

// kept reports whether a candidate for the mean exists on which no gambler reaches the
// wealth that rejects at an error. The gambler bets that the values which of returns lie
// above bound, and none is below low.
func (b *nestedBets) kept(candidates []float64, a float64, of func(s seedMoments, m float64) float64, low func(m float64) float64, bound float64) bool {
	values := make([]float64, len(b.all))
	for _, m := range candidates {
		for i, s := range b.all {
			values[i] = of(s, m)
		}
		if Bounded(Range{low(m), math.Inf(1)}).wealth(values, bound) < 1/a {
			return true
		}
	}
	return false
}

// share returns the interval of the share of the variance that is drawn anew by each
// training.
func (b *nestedBets) share() (low, high float64) {
	of := func(r float64) func(s seedMoments, m float64) float64 {
		return func(s seedMoments, m float64) float64 { return s.within() - r*s.about(m) }
	}
	tooSmall := func(r float64) bool {
		least := func(m float64) float64 { return -r * farthest(m) }
		return !b.kept(b.likely, (1-meanError)*b.error, of(r), least, 0)
	}
	// The variance v over the trainings is at most w(m) n / (n - 1).
	n := b.trainings
	tooLarge := func(r float64) bool {
		least := func(float64) float64 { return -mostWithin(n) * (1 - r*(n-1)/n) }
		negative := func(s seedMoments, m float64) float64 { return -of(r)(s, m) }
		return !b.kept(b.means, b.error, negative, least, 0)
	}
	low, high = 0, 1
	if tooSmall(minShare) {
		low = bisectShort(minShare, 1, tooSmall)
	}
	if tooLarge(1) {
		high = bisectShort(1, 0, tooLarge)
	}
	return low, high
}

// minShare is the smallest share that is told from none.
const minShare = 1e-6

// game returns the interval of the game's variance, which is at most a quarter.
func (b *nestedBets) game() (low, high float64) {
	of := func(s seedMoments, m float64) float64 {
		return square(s.mean-m) - s.noise(int(b.trainings), int(b.attackers))
	}
	tooSmall := func(g float64) bool {
		least := func(m float64) float64 { return -m * (1 - m) }
		return !b.kept(b.means, b.error, of, least, g)
	}
	tooLarge := func(g float64) bool {
		least := func(m float64) float64 { return -farthest(m) }
		negative := func(s seedMoments, m float64) float64 { return -of(s, m) }
		return !b.kept(b.likely, (1-meanError)*b.error, negative, least, -g)
	}
	low, high = 0, 0.25
	if tooSmall(0) {
		low = bisectShort(0, high, tooSmall)
	}
	if tooLarge(high) {
		high = bisectShort(high, 0, tooLarge)
	}
	return low, high
}

// bisectShort returns the point between two at which holds turns from true to false, to a
// millionth of the distance. It must hold at the first. It returns the last point at which
// it holds, so that an interval is rather too wide.
func bisectShort(from, to float64, holds func(float64) bool) float64 {
	const halvings = 20
	for range halvings {
		middle := from + (to-from)/2
		if holds(middle) {
			from = middle
		} else {
			to = middle
		}
	}
	return from
}

// setIntervals sets the intervals of the components; scale is the square of a value's unit.
func (b *nestedBets) setIntervals(c *Components, scale float64) {
	set := func(component *Component, low, high float64) {
		component.Low, component.High = Number(max(0, low)*scale), Number(high*scale)
	}
	// An effect of the trainings or of the attackers is the difference of two mean products of
	// deviations from 1/2, each of which is from -1/4 to 1/4. Its variance is at most a quarter.
	product := Range{-0.5, 0.5}
	mean := func(component *Component, within Range, of func(seedMoments) float64) {
		values := make([]float64, len(b.all))
		for i, s := range b.all {
			values[i] = min(within.High, max(within.Low, of(s))) // but for rounding
		}
		if ci, err := Bounded(within).Interval(values, 1-2*b.error); err == nil {
			set(component, float64(ci.Low), min(0.25, float64(ci.High)))
		}
	}
	if b.attackers == 1 {
		mean(&c.Training, Range{0, mostWithin(b.trainings)}, func(s seedMoments) float64 { return s.training })
	} else {
		mean(&c.Training, product, func(s seedMoments) float64 { return s.training })
		mean(c.Attacker, product, func(s seedMoments) float64 { return s.attacker })
		t, a := b.trainings, b.attackers
		mean(c.Rest, Range{0, t * a / (4 * (t - 1) * (a - 1))}, func(s seedMoments) float64 { return s.rest })
	}
	if len(b.all) < 2 {
		return
	}
	low, high := b.game()
	set(&c.Game, low, high)
	low, high = b.share()
	c.ShareLow, c.ShareHigh = Number(low), Number(high)
}
