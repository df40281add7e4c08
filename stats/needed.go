package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// crossing returns the smallest n at which a sum of n values with the mean and
// standard deviation of a summary, approximately normally distributed, reaches a
// height with the given probability. The mean and the height must be positive. It is
// 0 if the summary is undefined.
func crossing(of Summary, height, power float64) int {
	mean, spread := float64(of.Mean), distuv.UnitNormal.Quantile(power)*float64(of.Std)
	root := (spread + math.Sqrt(spread*spread+4*mean*height)) / (2 * mean)
	if !Number(root).Defined() || root*root > math.MaxInt32 {
		return 0
	}
	return int(math.Ceil(root * root))
}
