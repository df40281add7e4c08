package paper

import (
	"math"

	"backfire/stats"
)

// Repeatability returns the largest distance, in points, between the mean ASRs that
// the paper gives for one game in two places: N = 2 and N = 4 attackers that share a
// target label at p = 0.2 are in Table1 and in Table2. It is 13 points on MNIST and 35
// on CIFAR-10.
func (t Tables) Repeatability() float64 {
	largest := 0.0
	for _, game := range t.Table2.Games {
		n := len(game.Same.ASR)
		for _, row := range t.Table1.Rows {
			if len(row.ASR) == n { // the only row with 2 or 4 attackers
				largest = math.Max(largest, math.Abs(float64(stats.Summarize(row.ASR).Mean-stats.Summarize(game.Same.ASR).Mean)))
			}
		}
	}
	return largest
}
