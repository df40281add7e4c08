package stats

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// NormalComponents returns the parts of the variance of a design with one value for each
// training, with the intervals of normally distributed effects: of the share that of the
// ratio of mean squares by the F distribution, of the trainings that of chi-squared, and of
// the game Williams's ("A confidence interval for variance components", Biometrika 49,
// 1962). They are wrong for values that are 0 or 1 by the seed. The error wraps ErrSample.
func (n Nested) NormalComponents(level float64) (Components, error) {
	trainings, attackers, err := n.check(unbounded, level)
	if err != nil {
		return Components{}, err
	}
	if attackers > 1 {
		means := make(Nested, len(n))
		for s, seed := range n {
			for _, values := range seed {
				means[s] = append(means[s], []float64{float64(Summarize(values).Mean)})
			}
		}
		n = means
	}
	all := n.moments(0, 1)
	c := estimate(all, trainings, 1, 1)
	seeds, t := float64(len(all)), float64(trainings)
	within := float64(Over(all, seedMoments.within).Mean)
	lower, upper := (1-level)/2, 1-(1-level)/2
	chi := distuv.ChiSquared{K: seeds * (t - 1)}
	c.Training.Low, c.Training.High = Number(within*chi.K/chi.Quantile(upper)), Number(within*chi.K/chi.Quantile(lower))
	if len(all) < 2 || within <= roundoff {
		return c, nil
	}
	between := t * square(float64(Over(all, func(m seedMoments) float64 { return m.mean }).Std)) * seeds / (seeds - 1)
	ratio, chi := between/within, distuv.ChiSquared{K: seeds - 1}
	high, low := quantileF(seeds-1, seeds*(t-1), upper), quantileF(seeds-1, seeds*(t-1), lower)
	game := func(f, p float64) Number {
		return Number(max(0, chi.K*between*(1-f/ratio)/(t*chi.Quantile(p))))
	}
	if ratio > 0 {
		c.Game.Low, c.Game.High = game(high, upper), game(low, lower)
	} else {
		c.Game.Low, c.Game.High = 0, 0
	}
	// The ratio of the mean squares is (1 + t game/training) times one that has the F distribution.
	share := func(f float64) Number {
		return Number(1 / (1 + math.Max(0, (ratio/f-1)/t)))
	}
	c.ShareLow, c.ShareHigh = share(low), share(high)
	return c, nil
}

// knownF holds the quantiles of F that were computed, which take most of the time of the
// interval and recur.
var knownF sync.Map // [3]float64 -> float64

// quantileF returns the quantile of the F distribution with d1 and d2 degrees of freedom.
func quantileF(d1, d2, p float64) float64 {
	key := [3]float64{d1, d2, p}
	if known, ok := knownF.Load(key); ok {
		return known.(float64)
	}
	quantile := distuv.F{D1: d1, D2: d2}.Quantile(p)
	knownF.Store(key, quantile)
	return quantile
}
