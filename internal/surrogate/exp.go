package surrogate

import "math"

// softmax writes exp(v)/sum of the logits.
func softmax(logits, shares []float64) {
	largest := logits[0]
	for _, v := range logits {
		largest = max(largest, v)
	}
	sum := 0.0
	for i, v := range logits {
		shares[i] = exp(v - largest)
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
}

// exp returns e to the power of x, at most 0. math.Exp differs in the last bits from
// processor to processor.
func exp(x float64) float64 {
	if x < -700 {
		return 0
	}
	// x = k ln 2 + r with |r| at most ln 2 / 2, of which the series converges quickly.
	k := math.Round(x / math.Ln2)
	r := x - float64(k*math.Ln2)
	term, sum := 1.0, 1.0
	for i := 1; i < 20; i++ {
		term = float64(term*r) / float64(i)
		sum += term
	}
	return math.Ldexp(sum, int(k))
}
