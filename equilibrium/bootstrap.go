package equilibrium

import (
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"sync"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"backfire/internal/streams"
	"backfire/stats"
)

// Estimate is a number of the game of the mean payoffs with its interval over resampled
// seeds.
type Estimate struct {
	Value    stats.Number   `json:"value"`
	Interval stats.Interval `json:"interval"`
	// Undefined is the number of resamples in which the number is undefined; the interval
	// is that of the others.
	Undefined int `json:"undefined,omitempty"`
}

// SeedsNeeded returns the smallest number of seeds that can show an equilibrium at a level
// in (0, 1): 6 for 0.95. The resampled means lie between the smallest and the largest seed,
// and n seeds all lie on one side of the median with a probability of 2^(1-n).
func SeedsNeeded(level float64) int { return 1 + int(math.Ceil(-math.Log2(1-level)-1e-9)) }

// resamples holds the resamples of the seeds. With few seeds many are the same, and each
// is solved once.
type resamples struct {
	counts [][]int // of each seed, by distinct resample
	draws  []int   // the distinct resample of each resample
	seeds  int
	level  float64
}

// newResamples draws the resamples of a number of seeds.
func newResamples(seeds int, o Options) resamples {
	r := resamples{draws: make([]int, o.Resamples), seeds: seeds, level: o.Level}
	rng := streams.New(o.Seed, "equilibrium resamples", uint64(seeds))
	known := map[string]int{}
	for i := range r.draws {
		counts := make([]int, seeds)
		for range seeds {
			counts[rng.IntN(seeds)]++
		}
		key := make([]byte, 0, seeds)
		for _, count := range counts {
			key = binary.AppendUvarint(key, uint64(count))
		}
		at, found := known[string(key)]
		if !found {
			at = len(r.counts)
			known[string(key)] = at
			r.counts = append(r.counts, counts)
		}
		r.draws[i] = at
	}
	return r
}

// each calls a function for every distinct resample, on all processors at once.
func (r resamples) each(do func(at int, counts []int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(r.counts)) {
		group.Go(func() {
			for at := range next {
				do(at, r.counts[at])
			}
		})
	}
	for at := range r.counts {
		next <- at
	}
	close(next)
	group.Wait()
}

// share returns the share of the resamples in which something holds.
func (r resamples) share(holds func(at int) bool) float64 {
	times := 0
	for _, at := range r.draws {
		if holds(at) {
			times++
		}
	}
	return float64(times) / float64(len(r.draws))
}

// estimate returns the estimate of a number, given the range that it can have, its value in
// the game of the means and in each distinct resample.
//
// The interval holds two intervals. The expanded percentile interval moves the percentiles
// of the resamples outwards so far that for a mean of normal values they agree with
// Student's t, since the plain percentiles are too narrow for few seeds (Hesterberg, "What
// Teachers Should Know About the Bootstrap", American Statistician 69, 2015). The resamples
// of few seeds end before these percentiles, so the other one is Student's with the
// standard deviation of the resamples. A single seed has none.
func (r resamples) estimate(value float64, within stats.Range, number func(at int) float64) Estimate {
	e := Estimate{Value: stats.Number(value)}
	values := make([]float64, 0, len(r.draws))
	for _, at := range r.draws {
		if x := number(at); math.IsNaN(x) {
			e.Undefined++
		} else {
			values = append(values, x)
		}
	}
	if len(values) == 0 || r.seeds < 2 {
		e.Interval = stats.Interval{Low: stats.Number(math.Inf(-1)), High: stats.Number(math.Inf(1))}
		return e
	}
	slices.Sort(values)
	n := float64(r.seeds)
	width := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n - 1}.Quantile(1-(1-r.level)/2) * math.Sqrt(n/(n-1))
	tail := distuv.UnitNormal.CDF(-width)
	low, high := stat.Quantile(tail, stat.Empirical, values, nil), stat.Quantile(1-tail, stat.Empirical, values, nil)
	if half := width * stat.PopStdDev(values, nil); finite(half) && finite(value) {
		low, high = min(low, max(value-half, within.Low)), max(high, min(value+half, within.High))
	}
	e.Interval = stats.Interval{Low: stats.Number(low), High: stats.Number(high)}
	return e
}

// Ranges of numbers of a game.
var (
	anyNumber   = stats.Range{Low: math.Inf(-1), High: math.Inf(1)}
	notNegative = stats.Range{Low: 0, High: math.Inf(1)}
	probability = stats.Range{Low: 0, High: 1}
)

// Estimate returns the estimate of any number of a game, such as the welfare of one profile
// minus that of another: its value in the game of the means, with an interval over the same
// resamples as those of Resample. NaN stands for undefined. The function is called from
// several goroutines. The error is one of the options, which wraps ErrGame.
func (s *Sample) Estimate(o Options, number func(g *Game) float64) (Estimate, error) {
	o, err := o.resolve(s.strategies)
	if err != nil {
		return Estimate{}, err
	}
	r := newResamples(s.Seeds(), o)
	values := make([]float64, len(r.counts))
	r.each(func(at int, counts []int) { values[at] = number(s.weighted(counts)) })
	return r.estimate(number(s.Game()), anyNumber, func(at int) float64 { return values[at] }), nil
}
