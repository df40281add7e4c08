package phase

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"backfire/internal/streams"
	"backfire/stats"
)

// Position is where a curve crosses 50 %, as seen from the k that were played.
type Position string

// The positions.
const (
	Within  Position = "within"  // between the smallest and the largest k
	Smaller Position = "smaller" // at or below the smallest k: half succeed there already
	Larger  Position = "larger"  // above the largest k: less than half succeed there
	Falling Position = "falling" // nowhere: success falls with k through 50 %
)

// Curve is the curve of the probability of success of one N against log2 k, by logistic
// regression with Firth's penalty (see fitFirth), so that it is finite also where success
// begins at once.
type Curve struct {
	N int `json:"n"`
	// Seeds and Games are the numbers of seeds and games behind it.
	Seeds int `json:"seeds"`
	Games int `json:"games"`
	// Intercept and Slope give log(p/(1-p)) = Intercept + Slope log2(k).
	Intercept float64 `json:"intercept"`
	Slope     float64 `json:"slope"`
	// Smallest and Largest are the k that were played.
	Smallest int `json:"smallest_k"`
	Largest  int `json:"largest_k"`
	// Position is where half succeed. Half is that k, undefined unless Within. The 95 %
	// band over the seeds extends from Low to High, at least from one k that was played to
	// the next, between which nothing is known; a limit that is undefined lies beyond all of
	// them.
	Position Position     `json:"position"`
	Half     stats.Number `json:"half"`
	Low      stats.Number `json:"low"`
	High     stats.Number `json:"high"`
}

// Success returns the curve's probability of success at k poisoned images.
func (c Curve) Success(k float64) float64 {
	return logistic{c.Intercept, c.Slope}.at(math.Log2(k))
}

// level is the level of all bands.
const level = 0.95

// bootstrap fits the curves of all N to the games, and to resamples of the seeds. A
// resample gives each seed a random weight with an exponential distribution (Rubin, "The
// Bayesian Bootstrap", Annals of Statistics 9, 1981), the same in the games of all N and
// k, so that differences between curves are paired and no cell loses all of its seeds.
type bootstrap struct {
	games     []Game
	seeds     []uint64
	resamples int
	fits      map[int][]logistic // by N: the fit to the games, then to each resample
}

// newBootstrap fits the curves of sorted games.
func newBootstrap(games []Game, resamples int) *bootstrap {
	b := &bootstrap{games: games, resamples: resamples, fits: map[int][]logistic{}}
	for _, g := range games {
		b.seeds = append(b.seeds, g.Seed)
	}
	slices.Sort(b.seeds)
	b.seeds = slices.Compact(b.seeds)
	for _, n := range numbers(games) {
		own := slices.DeleteFunc(slices.Clone(games), func(g Game) bool { return g.N != n })
		for at := range resamples + 1 {
			weight := map[uint64]float64{}
			rng := streams.New(0, "phase resample", uint64(at))
			for _, seed := range b.seeds {
				weight[seed] = 1
				if at > 0 {
					weight[seed] = rng.ExpFloat64()
				}
			}
			if fit, ok := fitFirth(outcomes(own, weight)); ok {
				b.fits[n] = append(b.fits[n], fit)
			}
		}
	}
	return b
}

// outcomes returns the outcomes of games, by k, with weighted seeds. The weights are
// scaled to a mean of 1, so that the penalty of each resample weighs the same.
func outcomes(games []Game, weight map[uint64]float64) []binomial {
	sum := 0.0
	for _, g := range games {
		sum += weight[g.Seed]
	}
	var data []binomial
	for _, g := range games {
		w, x := weight[g.Seed]*float64(len(games))/sum, math.Log2(float64(g.K))
		if len(data) == 0 || data[len(data)-1].x != x {
			data = append(data, binomial{x: x})
		}
		last := &data[len(data)-1]
		last.successes, last.trials = last.successes+w*float64(g.Successes), last.trials+w*float64(g.Attackers)
	}
	return data
}

// curve returns the curve of N, and false if its games have only one k.
func (b *bootstrap) curve(n int) (Curve, bool) {
	fits := b.fits[n]
	if len(fits) == 0 {
		return Curve{}, false
	}
	c := Curve{N: n, Intercept: fits[0].Intercept, Slope: fits[0].Slope, Low: stats.Undefined(), High: stats.Undefined(), Half: stats.Undefined()}
	seeds := map[uint64]bool{}
	for _, g := range b.games {
		if g.N != n {
			continue
		}
		if c.Games == 0 {
			c.Smallest = g.K
		}
		c.Largest = g.K
		c.Games++
		seeds[g.Seed] = true
	}
	c.Seeds = len(seeds)
	var half float64
	c.Position, half = c.crossing(fits[0])
	if c.Position == Within {
		c.Half = stats.Number(math.Exp2(half))
	}
	if c.Seeds > 1 {
		var halves []float64
		for _, fit := range fits {
			halves = append(halves, c.clamped(fit))
		}
		low, high := band(halves[0], halves[1:], c.Seeds)
		below, above := b.neighbours(n, halves[0])
		low, high = min(low, below), max(high, above)
		if first := math.Log2(float64(c.Smallest)); low >= first {
			c.Low = stats.Number(math.Exp2(low))
		}
		if last := math.Log2(float64(c.Largest)); high <= last {
			c.High = stats.Number(math.Exp2(high))
		}
	}
	return c, true
}

// neighbours returns log2 of the k of N that were played on both sides of a place, which
// is log2 of a k; infinite beyond the last one.
func (b *bootstrap) neighbours(n int, at float64) (below, above float64) {
	below, above = math.Inf(-1), math.Inf(1)
	for _, g := range b.games {
		if g.N != n {
			continue
		}
		if k := math.Log2(float64(g.K)); k <= at {
			below = max(below, k)
		} else {
			above = min(above, k)
		}
	}
	return below, above
}

// crossing returns where a fit to the games of a curve crosses 50 %: log2 of that k if it
// is Within, otherwise infinite.
func (c Curve) crossing(fit logistic) (Position, float64) {
	low, high := math.Log2(float64(c.Smallest)), math.Log2(float64(c.Largest))
	switch first, last := fit.at(low), fit.at(high); {
	case first >= 0.5 && last >= 0.5:
		return Smaller, math.Inf(-1)
	case first < 0.5 && last < 0.5:
		return Larger, math.Inf(1)
	case first >= 0.5:
		return Falling, math.NaN()
	default:
		return Within, min(high, max(low, -fit.Intercept/fit.Slope))
	}
}

// clamped returns log2 of the k at which a fit crosses 50 %, at most one doubling beyond
// the k that were played. A curve that falls crosses at the end on which most attackers
// fail.
func (c Curve) clamped(fit logistic) float64 {
	low, high := math.Log2(float64(c.Smallest))-1, math.Log2(float64(c.Largest))+1
	if fit.Slope <= 0 {
		if fit.at((low+high)/2) >= 0.5 {
			return low
		}
		return high
	}
	return min(high, max(low, -fit.Intercept/fit.Slope))
}

// band returns a band of the nominal level around an estimate from n seeds: Student's t
// with n-1 degrees of freedom times the standard deviation of the resamples, which is
// scaled to that of the mean of n values, since exponential weights have (n-1)/(n+1) of its
// variance. Quantiles of the resamples would cover the truth in at most 75 % of samples of
// three seeds, which lie on one side of it in 25 %.
func band(estimate float64, resampled []float64, n int) (low, high float64) {
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile((1 + level) / 2)
	half := t * stat.PopStdDev(resampled, nil) * math.Sqrt(float64(n+1)/float64(n-1))
	return estimate - half, estimate + half
}
