package worker

import (
	"math"

	"backfire/experiments/store"
	"backfire/triggers"
)

// normalization returns the mean and the population standard deviation of images (N*C*H*W values)
// per channel, in units of 255. They are computed from a histogram of the 256 values, so that they
// are exact except for the last rounding and do not depend on the order of the images. The
// deviation of a channel with a single value is given as 1.
func normalization(images []uint8, shape triggers.Shape) store.Normalization {
	n := store.Normalization{Mean: make([]float64, shape.C), Std: make([]float64, shape.C)}
	histograms := make([][256]int, shape.C)
	plane := shape.Plane()
	for start := 0; start < len(images); start += plane {
		h := &histograms[start/plane%shape.C]
		for _, v := range images[start : start+plane] {
			h[v]++
		}
	}
	for c := range histograms {
		n.Mean[c], n.Std[c] = moments(&histograms[c])
	}
	return n
}

// moments returns the mean and the population standard deviation of a histogram of bytes, in units
// of 255. A deviation of 0 is given as 1.
func moments(histogram *[256]int) (mean, std float64) {
	count, sum := 0, 0
	for v, n := range histogram {
		count += n
		sum += v * n
	}
	if count == 0 {
		return 0, 1
	}
	mean = float64(sum) / float64(count)
	var squares float64
	for v, n := range histogram {
		d := float64(v) - mean
		squares += float64(n) * d * d
	}
	std = math.Sqrt(squares / float64(count))
	if std == 0 {
		std = math.MaxUint8
	}
	return mean / math.MaxUint8, std / math.MaxUint8
}
