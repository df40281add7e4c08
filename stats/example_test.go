package stats_test

import (
	"encoding/json"
	"fmt"
	"math"

	"backfire/stats"
)

// Summarize leaves undefined measurements out and counts them.
func ExampleSummarize() {
	s := stats.Summarize([]float64{0.91, 0.87, math.NaN(), 0.92})
	fmt.Printf("mean %.3f, 95 %% CI ±%.3f, standard deviation %.3f\n", s.Mean, s.CI95, s.Std)
	fmt.Println(s.N, "measurements,", s.Undefined, "undefined")
	// Output:
	// mean 0.900, 95 % CI ±0.066, standard deviation 0.022
	// 3 measurements, 1 undefined
}

// Over summarises one measure of a list of items.
func ExampleOver() {
	type game struct{ attackers int }
	s := stats.Over([]game{{1}, {2}, {6}}, func(g game) float64 { return float64(g.attackers) })
	fmt.Println("mean number of attackers:", s.Mean)
	// Output:
	// mean number of attackers: 3
}

// Correlate compares the order of two quantities.
func ExampleCorrelate() {
	c := stats.Correlate([][2]float64{{1, 0.9}, {2, 0.5}, {5, 0.2}, {10, 0.25}})
	fmt.Printf("Spearman %.2f, Kendall %.2f\n", c.Spearman, c.Kendall)
	// Output:
	// Spearman -0.80, Kendall -0.67
}

// An undefined number is null in JSON.
func ExampleNumber() {
	text, err := json.Marshal([]stats.Number{0.25, stats.Undefined()})
	fmt.Println(string(text), err)
	// Output:
	// [0.25,null] <nil>
}

// Eleven of twelve attacks succeed. The interval of their mean makes no assumption but
// the range.
func ExampleBounded() {
	succeeded := []float64{1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1}
	betting := stats.Bounded(stats.Range{Low: 0, High: 1})
	ci, err := betting.Interval(succeeded, 0.95)
	fmt.Printf("%.2f to %.2f %v\n", ci.Low, ci.High, err)
	p, err := betting.Above(succeeded, 0.5)
	fmt.Printf("that at most half succeed: p = %.3f %v\n", p, err)
	// Output:
	// 0.53 to 1.00 <nil>
	// that at most half succeed: p = 0.014 <nil>
}

// Symmetric suits small differences of one size.
func ExampleSymmetric() {
	points := []float64{0.041, 0.052, 0.048, 0.06, 0.055, 0.044, 0.05, 0.058}
	ci, err := stats.Symmetric(0.01).Interval(points, 0.95)
	fmt.Printf("%.3f to %.3f %v\n", ci.Low, ci.High, err)
	// Output:
	// 0.041 to 0.060 <nil>
}

// Wilson gives the sampling error of one game's rate.
func ExampleWilson() {
	ci, err := stats.Wilson(97, 100, 0.95)
	fmt.Printf("%.2f to %.2f %v\n", ci.Low, ci.High, err)
	// Output:
	// 0.92 to 0.99 <nil>
}

// Holm corrects three tests for each other.
func ExampleHolm() {
	fmt.Println(stats.Holm([]float64{0.01, 0.5, 0.02}))
	// Output:
	// [0.03 0.5 0.04]
}

// Percent shows as many digits as the images allow.
func ExamplePercent() {
	fmt.Println(stats.Percent(0.973, 100), stats.Percent(0.973, 4800))
	// Output:
	// 97 97.3
}
