package table

import (
	"fmt"
	"math"
	"strings"

	"backfire/stats"
)

// Quantity is the quantity that a Value measures. One that a table declares for itself has
// the range [0, 1], or [-1, 1] if its name ends in "_change"; it has no interval if its name
// ends in "_nats" or "_expected".
type Quantity string

// The quantities.
const (
	QuantityASR       Quantity = "asr"
	QuantitySingleASR Quantity = "single_asr"
	QuantityClean     Quantity = "clean_accuracy"
	QuantityBaseRate  Quantity = "base_rate"
	QuantityRobust    Quantity = "robustness"
	QuantityTopOne    Quantity = "top_one"

	// The mean lift over the attackers, and sqrt(accuracy*(1-ASR)).
	QuantityLift  Quantity = "lift"
	QuantityScore Quantity = "score"

	// Of the images that a filter removed.
	QuantityPrecision  Quantity = "filter_precision"
	QuantityRecall     Quantity = "filter_recall"
	QuantityHonestLost Quantity = "filter_honest_lost"

	// Against an attacker's other games: lift minus that of its matched single, and lift of
	// the matched single minus that of the lone game, in [-2, 2] and almost always in
	// [-1, 1], which the range of their intervals is; and the ASR where it
	// poisons nothing.
	QuantityInterference Quantity = "interference"
	QuantityDilution     Quantity = "dilution"
	QuantityTransfer     Quantity = "transfer_asr"

	// QuantityRandomness is the total-variation distance of the predictions for stamped images
	// from the uniform distribution, in [0, 1].
	QuantityRandomness Quantity = "tv_uniform"

	// Against the same game without a defense: differences in [-1, 1], and the
	// images through training steps and the time of all epochs as shares of that
	// game's.
	QuantityASRChange    Quantity = "asr_change"
	QuantityCleanChange  Quantity = "clean_accuracy_change"
	QuantityRobustChange Quantity = "robustness_change"
	QuantityCost         Quantity = "images_share"
	QuantityTime         Quantity = "train_seconds_share"
)

// Within returns the range of the quantity's values, and false for a quantity without
// an upper bound, of whose mean no interval without further assumptions exists.
func (q Quantity) Within() (stats.Range, bool) {
	switch q {
	case QuantityLift, QuantityASRChange, QuantityCleanChange, QuantityRobustChange, QuantityInterference, QuantityDilution:
		return stats.Range{Low: -1, High: 1}, true
	case QuantityCost, QuantityTime:
		return stats.Range{}, false
	}
	switch {
	case strings.HasSuffix(string(q), "_change"):
		return stats.Range{Low: -1, High: 1}, true
	case strings.HasSuffix(string(q), "_nats"), strings.HasSuffix(string(q), "_expected"):
		return stats.Range{}, false
	default:
		return stats.Range{Low: 0, High: 1}, true
	}
}

// Basis names the sample that an interval is over.
type Basis string

// The bases. The empty Basis stands for a value without an interval.
const (
	// OverSeeds is the basis of an interval of the mean over the seeds.
	OverSeeds Basis = "seeds"
	// OverImages is the basis of an interval of a share of the images of one game. It
	// does not contain what another seed would change.
	OverImages Basis = "images"
)

// confidence is the level of the intervals.
const confidence = 0.95

// Measured is a quantity in one seed.
type Measured struct {
	Value float64 // NaN: undefined
	// Images is the number of held-out images that Value is a share of, each counted
	// once; 0 for a quantity that is no share of images.
	Images int
}

// MeasuredSpread is a quantity in one seed, summarised over its attackers.
type MeasuredSpread struct {
	Over   stats.Summary
	Images int // of all attackers; see Measured
}

// Value is one measured quantity beside the paper's figure for it.
type Value struct {
	Quantity Quantity `json:"quantity"`
	// Mean is the mean over the seeds. It is undefined if no seed has a value; a
	// footnote then gives the reason.
	Mean stats.Number `json:"mean"`
	// CILow to CIHigh is the 95 % confidence interval of Mean. With several seeds it is
	// over the seeds, by betting (stats.Bounded in the quantity's range). With one seed
	// it is Wilson's binomial interval over the images. It is undefined for a quantity
	// without a range, and for a change of one seed.
	CILow  stats.Number `json:"ci_low"`
	CIHigh stats.Number `json:"ci_high"`
	CIOver Basis        `json:"ci_over"`
	// Images is the number of held-out images behind Mean, over all seeds; 0 for a
	// quantity that is no share of images. See Measured.
	Images int `json:"images"`
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
func NewValue(quantity Quantity, seeds []Measured) Value {
	var values []float64
	v := Value{
		Quantity: quantity, CILow: stats.Undefined(), CIHigh: stats.Undefined(),
		Std: stats.Undefined(), Paper: stats.Undefined(), PaperStd: stats.Undefined(),
	}
	for _, seed := range seeds {
		if !math.IsNaN(seed.Value) {
			values, v.Images = append(values, seed.Value), v.Images+seed.Images
		}
	}
	over := stats.Summarize(values)
	v.Mean, v.Seeds = over.Mean, over.N
	v.setInterval(values)
	return v
}

// setInterval sets the confidence interval from the defined values of the seeds.
func (v *Value) setInterval(values []float64) {
	within, bounded := v.Quantity.Within()
	if !bounded {
		return
	}
	basis, interval, err := OverSeeds, stats.Interval{}, error(nil)
	switch {
	case len(values) > 1:
		interval, err = stats.Bounded(within).Interval(values, confidence)
	case len(values) == 1 && v.Images > 0 && within.Low == 0:
		basis = OverImages
		interval, err = stats.Wilson(int(math.Round(values[0]*float64(v.Images))), v.Images, confidence)
	default:
		return
	}
	if err == nil { // otherwise a value lies outside the quantity's range
		v.CILow, v.CIHigh, v.CIOver = interval.Low, interval.High, basis
	}
}

// NewSpread returns the value of a quantity that each seed has summarised over
// its attackers.
func NewSpread(quantity Quantity, seeds []MeasuredSpread) Value {
	means, stds := make([]Measured, len(seeds)), make([]float64, len(seeds))
	for i, s := range seeds {
		means[i], stds[i] = Measured{float64(s.Over.Mean), s.Images}, float64(s.Over.Std)
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

// Percent formats a share of the value's images, such as its mean or a limit of its
// interval, in percent: without a decimal where fewer than 500 images are behind it.
func (v Value) Percent(share stats.Number) string {
	if v.Images == 0 {
		return PrintedPercent(share)
	}
	return stats.Percent(share, v.Images)
}

// FewImages reports whether the value has no decimal since few images are behind it.
func (v Value) FewImages() bool {
	return v.Images > 0 && v.Mean.Defined() && !strings.Contains(v.Percent(v.Mean), ".")
}

// interval returns the limits of the value's interval as text, and the text between them:
// a dash, or a word between limits that may have a sign. The limits are rounded outward to
// whole percent, so that the interval keeps its promise. They are empty without an
// interval.
func (v Value) interval() (low, between, high string) {
	if v.CIOver == "" {
		return "", "", ""
	}
	between = dash
	if within, _ := v.Quantity.Within(); within.Low < 0 {
		between = " to "
	}
	const rounding = 1e-9 // of limits that are whole percent
	low = fmt.Sprintf("%.0f", math.Floor(100*float64(v.CILow)+rounding)+0)
	return low, between, fmt.Sprintf("%.0f", math.Ceil(100*float64(v.CIHigh)-rounding)+0)
}

// IntervalText returns the interval with its level and its basis, "95 % CI 64 to 98", in percent
// or points; empty without an interval.
func (v Value) IntervalText() string {
	low, _, high := v.interval()
	switch v.CIOver {
	case "":
		return ""
	case OverImages:
		return fmt.Sprintf("95 %% CI over images %s to %s", low, high)
	default:
		return fmt.Sprintf("95 %% CI %s to %s", low, high)
	}
}

// dash stands between the limits of an interval.
const dash = "–"

// printedShare returns a percentage of few decimals as a share with as few digits.
func printedShare(percent float64) stats.Number {
	return stats.Number(math.Round(1e4*percent) / 1e6)
}
