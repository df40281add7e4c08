package stats

import "sort"

// Holm returns the p-values of hypotheses that are tested together, each adjusted so
// that rejecting those of at most a rejects a true one with a probability of at most
// a, however they depend on each other (Holm, "A Simple Sequentially Rejective
// Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979). Adjusted
// p-values are at most 1 and keep the order of the p-values.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return p[order[i]] < p[order[j]] })
	adjusted := make([]float64, len(p))
	largest := 0.0
	for i, at := range order {
		largest = max(largest, min(1, p[at]*float64(len(p)-i)))
		adjusted[at] = largest
	}
	return adjusted
}
