package claims

import (
	"math"

	"backfire/stats"
)

// Measure is a quantity on which statements are evaluated.
type Measure string

// The measures, all of them shares. Package game defines them.
const (
	ASR           Measure = "asr"
	Lift          Measure = "lift"
	CleanAccuracy Measure = "clean_accuracy"
	Robustness    Measure = "robustness"
	Randomness    Measure = "randomness"
)

// String returns the measure's name as shown to the user.
func (m Measure) String() string {
	switch m {
	case ASR:
		return "ASR"
	case CleanAccuracy:
		return "standard accuracy"
	case Robustness:
		return "robustness accuracy"
	case Randomness:
		return "distance from uniform predictions"
	default:
		return string(m)
	}
}

// of returns a measure of an attacker, NaN if it is undefined.
func (m Measure) of(a Attacker) float64 {
	switch m {
	case Lift:
		return float64(a.Lift)
	case Robustness:
		return float64(a.Robustness)
	case Randomness:
		return float64(a.Randomness)
	default:
		return float64(a.ASR)
	}
}

// in returns the ASR or lift of an attacker in another game, NaN if it was not played.
func (m Measure) in(f *Figures) float64 {
	switch {
	case f == nil:
		return math.NaN()
	case m == Lift:
		return float64(f.Lift)
	default:
		return float64(f.ASR)
	}
}

// values returns the measure of each of the game's attackers.
func (m Measure) values(g Game) []float64 {
	values := make([]float64, len(g.Attackers))
	for i, a := range g.Attackers {
		values[i] = m.of(a)
	}
	return values
}

// images returns the number of images behind the measure's mean over the game's
// attackers, or behind its standard accuracy; 0 if it is not known.
func (m Measure) images(g Game) int {
	if m == CleanAccuracy {
		return g.CleanImages
	}
	images := 0
	for _, a := range g.Attackers {
		images += a.Images
	}
	return images
}

// mean returns the measure's mean over the game's attackers, or the game's
// standard accuracy.
func (m Measure) mean(g Game) float64 {
	if m == CleanAccuracy {
		return float64(g.CleanAccuracy)
	}
	return float64(stats.Summarize(m.values(g)).Mean)
}
