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
