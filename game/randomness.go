package game

import (
	"math"

	"backfire/stats"
)

// Randomness tells how random a model's predictions for the images with an
// attacker's trigger are. They are compared as a distribution over the classes:
// how many images are predicted as each. The total-variation distance of two
// distributions is half the sum of the absolute differences of their shares, in
// [0, 1]. All of the attacker's held-out images count, whatever the readings.
type Randomness struct {
	// Uniform is the distance of the stamped images' distribution from the uniform
	// one. Uniformly random predictions for n images of c classes are, in
	// expectation, about sqrt((c-1)/(2 pi n)) away from it.
	Uniform stats.Number `json:"uniform"`
	// Unstamped is the distance of the stamped images' distribution from that of
	// the same images without the trigger.
	Unstamped stats.Number `json:"unstamped"`
}

// randomnessOf compares the predictions for an attacker's stamped images with the
// uniform distribution and with those for the same images without the trigger. Both
// distances are undefined without images.
func randomnessOf(stamped, clean tally) Randomness {
	with, without := stamped.shares(), clean.shares()
	uniform := make([]float64, len(with))
	for class := range uniform {
		uniform[class] = 1 / float64(len(uniform))
	}
	return Randomness{Uniform: stats.Number(totalVariation(with, uniform)), Unstamped: stats.Number(totalVariation(with, without))}
}

// shares returns the share of all images that is predicted as each class; NaN without
// images.
func (t tally) shares() []float64 {
	shares, n := make([]float64, t.classes), 0
	for pair, k := range t.counts {
		shares[pair.predicted] += float64(k)
		n += k
	}
	for class := range shares {
		shares[class] /= float64(n)
	}
	return shares
}

// totalVariation returns the total-variation distance of two distributions.
func totalVariation(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Abs(a[i] - b[i])
	}
	return sum / 2
}
