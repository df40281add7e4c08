package claims

import (
	"math"

	"backfire/stats"
)

// spread returns the standard deviation of a measure over the attackers of a game beyond
// the binomial noise of their few images: the square root of the sample variance over the
// attackers minus the mean of their sampling variances, or 0 where these are larger. This is
// the moment estimator of the variance between units of Hedges, "A random effects model for
// effect sizes", Psychological Bulletin 93 (1983). The sampling variance of a share p of n
// images is p (1-p) / (n-1), without bias; that of a lift is the sum for the ASR and the
// base rate. It counts as 0 where n is not known. The spread is NaN for fewer than two
// attackers, and if a measure is undefined.
func spread(g Game, m Measure) float64 {
	n := len(g.Attackers)
	if n < 2 {
		return math.NaN()
	}
	noise := 0.0
	for _, a := range g.Attackers {
		noise += binomial(float64(a.ASR), a.Images)
		if m == Lift {
			noise += binomial(float64(a.ASR-a.Lift), a.Images)
		}
	}
	over := stats.Summarize(m.values(g))
	if over.Undefined > 0 {
		return math.NaN()
	}
	variance := float64(over.Std*over.Std) * float64(n) / float64(n-1)
	return math.Sqrt(max(0, variance-noise/float64(n)))
}

// binomial returns the sampling variance of a share of n images, estimated without bias.
func binomial(p float64, n int) float64 {
	if n < 2 {
		return 0
	}
	return p * (1 - p) / float64(n-1)
}

// spreads is the range of the spread of shares in [0, 1], which is largest for two
// attackers at 0 and 1.
var spreads = stats.Range{Low: 0, High: math.Sqrt2 / 2}
