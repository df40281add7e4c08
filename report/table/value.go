package table

import (
	"math"

	"backfire/stats"
)

// Quantity is the quantity that a Value measures.
type Quantity string

// The quantities.
const (
	QuantityASR       Quantity = "asr"
	QuantitySingleASR Quantity = "single_asr"
	QuantityClean     Quantity = "clean_accuracy"
	QuantityBaseRate  Quantity = "base_rate"
	QuantityRobust    Quantity = "robustness"
	QuantityTopOne    Quantity = "top_one"

	// Against the same game without a defense: differences in [-1, 1], and the
	// images through training steps and the time of all epochs as shares of that
	// game's.
	QuantityASRChange    Quantity = "asr_change"
	QuantityCleanChange  Quantity = "clean_accuracy_change"
	QuantityRobustChange Quantity = "robustness_change"
	QuantityCost         Quantity = "images_share"
	QuantityTime         Quantity = "train_seconds_share"
)

// Value is one measured quantity beside the paper's figure for it.
type Value struct {
	Quantity Quantity `json:"quantity"`
	// Mean is the mean over the seeds. It is undefined if no seed has a value; a
	// footnote then gives the reason.
	Mean stats.Number `json:"mean"`
	// CI95 is the half width of the 95 % confidence interval of Mean over the
	// seeds (Student's t); undefined with fewer than two.
	CI95 stats.Number `json:"ci95"`
	// Spread reports whether a seed's value is a mean over its attackers. Std is then
	// the population standard deviation over the attackers of a game, averaged
	// over the seeds.
	Spread bool         `json:"spread"`
	Std    stats.Number `json:"std"`
	// Seeds counts the seeds behind the value.
	Seeds int `json:"seeds"`
	// Paper and PaperStd are the paper's figures for Mean and Std; undefined
	// where it has none.
	Paper    stats.Number `json:"paper"`
	PaperStd stats.Number `json:"paper_std"`
	// Bracketed reports whether the value is printed in brackets, as the paper prints
	// such quantities.
	Bracketed bool `json:"bracketed"`
}

// NewValue returns the value of a quantity from its values in each seed.
func NewValue(quantity Quantity, values []float64) Value {
	over := stats.Summarize(values)
	return Value{
		Quantity: quantity, Mean: over.Mean, CI95: over.CI95, Seeds: over.N,
		Std: stats.Undefined(), Paper: stats.Undefined(), PaperStd: stats.Undefined(),
	}
}

// NewSpread returns the value of a quantity that each seed has summarised over
// its attackers.
func NewSpread(quantity Quantity, summaries []stats.Summary) Value {
	means, stds := make([]float64, len(summaries)), make([]float64, len(summaries))
	for i, s := range summaries {
		means[i], stds[i] = float64(s.Mean), float64(s.Std)
	}
	v := NewValue(quantity, means)
	v.Spread, v.Std = true, stats.Summarize(stds).Mean
	return v
}

// Beside returns the value beside a figure of the paper, in percent.
func (v Value) Beside(paper float64) Value {
	v.Paper = printedShare(paper)
	return v
}

// BesideSpread returns the value beside a mean and a standard deviation of the
// paper, both in percent.
func (v Value) BesideSpread(mean, std float64) Value {
	v.Paper, v.PaperStd = printedShare(mean), printedShare(std)
	return v
}

// InBrackets returns the value as one that is printed in brackets.
func (v Value) InBrackets() Value {
	v.Bracketed = true
	return v
}

// printedShare returns a percentage of few decimals as a share with as few digits.
func printedShare(percent float64) stats.Number {
	return stats.Number(math.Round(1e4*percent) / 1e6)
}
