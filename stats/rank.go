package stats

import (
	"cmp"
	"math"
	"sort"

	"gonum.org/v1/gonum/stat"
)

// Correlation holds the rank correlations of two quantities.
type Correlation struct {
	// N is the number of pairs with both values defined; other pairs are left
	// out.
	N int `json:"n"`
	// Spearman is Pearson's correlation of the ranks, in [-1, 1]. Equal values
	// have the mean of their ranks (Spearman 1904).
	Spearman Number `json:"spearman"`
	// Kendall is tau-b, in [-1, 1], which corrects for equal values (Kendall,
	// "The Treatment of Ties in Ranking Problems", 1945).
	Kendall Number `json:"kendall"`
}

// Correlate returns the rank correlations of pairs, such as an attack's divergence
// and its ASR over a sweep. NaN stands for an undefined value. Both correlations
// are undefined for fewer than 2 pairs and if one quantity does not vary.
func Correlate(pairs [][2]float64) Correlation {
	var a, b []float64
	for _, pair := range pairs {
		if !math.IsNaN(pair[0]) && !math.IsNaN(pair[1]) {
			a, b = append(a, pair[0]), append(b, pair[1])
		}
	}
	c := Correlation{N: len(a), Spearman: Undefined(), Kendall: Undefined()}
	if len(a) < 2 {
		return c
	}
	// For a quantity that does not vary, both are 0/0.
	c.Spearman = Number(stat.Correlation(ranks(a), ranks(b), nil))
	c.Kendall = Number(tauB(a, b))
	return c
}

// ranks returns the rank of each value, starting at 1. Equal values have the mean
// of their ranks.
func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return values[order[i]] < values[order[j]] })
	r := make([]float64, len(values))
	for start := 0; start < len(order); {
		end := start + 1
		for end < len(order) && values[order[end]] == values[order[start]] {
			end++
		}
		for _, at := range order[start:end] {
			r[at] = float64(start+1+end) / 2
		}
		start = end
	}
	return r
}

// tauB returns (concordant - discordant) / sqrt((pairs not tied in x) * (pairs
// not tied in y)). gonum's stat.Kendall computes tau-a and counts equal values as
// ascending.
func tauB(x, y []float64) float64 {
	balance, untiedX, untiedY := 0, 0, 0
	for i := range x {
		for j := range i {
			a, b := cmp.Compare(x[i], x[j]), cmp.Compare(y[i], y[j])
			balance += a * b
			untiedX += a * a
			untiedY += b * b
		}
	}
	return float64(balance) / math.Sqrt(float64(untiedX)*float64(untiedY))
}
