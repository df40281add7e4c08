package stats

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Wilson returns Wilson's score interval of a share, in [0, 1], of which the given
// number of independent trials succeeded (Wilson, "Probable Inference, the Law of
// Succession, and Statistical Inference", 1927). It stands for a rate over the images
// of one game; it knows nothing of other games. Without trials it is [0, 1]. The
// error wraps ErrSample.
func Wilson(successes, trials int, level float64) (Interval, error) {
	if err := checkSample("wilson", nil, unbounded, level); err != nil {
		return Interval{}, err
	}
	if successes < 0 || successes > trials {
		return Interval{}, fmt.Errorf("stats: wilson: %w: %d successes in %d trials", ErrSample, successes, trials)
	}
	if trials == 0 {
		return Interval{0, 1}, nil
	}
	n, share := float64(trials), float64(successes)/float64(trials)
	z := distuv.UnitNormal.Quantile(1 - (1-level)/2)
	centre := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(share*(1-share)/n+z*z/(4*n*n))
	return Interval{Number(max(0, centre-half)), Number(min(1, centre+half))}, nil
}
