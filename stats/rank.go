package stats

import (
	"cmp"
	"math"
	"sort"

	"gonum.org/v1/gonum/stat"
)

// Correlation says how two quantities rise and fall together, by rank.
type Correlation struct {
	// N counts the pairs of which both values exist; the others are left out.
	N int `json:"n"`
	// Spearman is Pearson's correlation of the ranks, equal values sharing the
	// mean of theirs (Spearman 1904), in [-1, 1].
	Spearman Number `json:"spearman"`
	// Kendall is tau-b, which discounts equal values (Kendall, "The Treatment
	// of Ties in Ranking Problems", 1945), in [-1, 1].
	Kendall Number `json:"kendall"`
}

// Correlate returns the rank correlations of pairs, such as an attack's divergence
// and its ASR over a sweep. NaN stands for a value that does not exist. Both are
// undefined for fewer than 2 pairs and where one quantity does not vary.
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
	// Quantities that do not vary come out as 0/0.
	c.Spearman = Number(stat.Correlation(ranks(a), ranks(b), nil))
	c.Kendall = Number(tauB(a, b))
	return c
}

// ranks returns the rank of each value, from 1 on, equal ones the mean of theirs.
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
// not tied in y)). gonum's stat.Kendall is tau-a and takes equal values for
// ascending ones.
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
