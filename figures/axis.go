package figures

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// Axis says what an axis of a chart measures.
type Axis struct {
	Label string
	// Share says that values are shares in [0, 1]: drawn in percent.
	Share bool
	// Whole keeps a share's axis from 0 to 100 %, whatever the values are.
	Whole bool
	// Listed puts a tick at each value, in place of round numbers.
	Listed bool
	// Count says that values are whole numbers.
	Count bool
}

// unit is an axis' label with its unit.
func (a Axis) unit() string {
	if a.Share {
		return a.Label + ", %"
	}
	return a.Label
}

// number writes a value as the axis shows it.
func (a Axis) number(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	if a.Share {
		return strconv.FormatFloat(100*v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// value writes a value of x: exactly where it was chosen.
func (a Axis) value(v float64) string {
	if a.Listed || a.Count {
		return a.tick(v)
	}
	return a.number(v)
}

// ticks are those of an axis: at each of the values if they are listed.
func (a Axis) ticks(values []float64) plot.Ticker {
	return plot.TickerFunc(func(low, high float64) []plot.Tick {
		if a.Listed {
			var ticks []plot.Tick
			for _, v := range values {
				ticks = append(ticks, plot.Tick{Value: v, Label: a.tick(v)})
			}
			return ticks
		}
		var ticks []plot.Tick
		step := a.step(low, high)
		for v := math.Ceil(low/step-1e-9) * step; v <= high+step*1e-9; v += step {
			ticks = append(ticks, plot.Tick{Value: v, Label: a.tick(v)})
		}
		return ticks
	})
}

// step is the distance of ticks at round numbers.
func (a Axis) step(low, high float64) float64 {
	switch step := round((high - low) / 5); {
	case a.Whole:
		return 0.25
	case a.Count:
		return max(1, step)
	default:
		return step
	}
}

// enclose widens a range to ticks, unless they are listed.
func (a Axis) enclose(low, high float64) (float64, float64) {
	if a.Whole {
		return 0, 1
	}
	if a.Listed || a.Count {
		return low, high
	}
	step := a.step(low, high)
	return math.Floor(low/step+1e-9) * step, math.Ceil(high/step-1e-9) * step
}

// tick writes the number at a tick.
func (a Axis) tick(v float64) string {
	if a.Share {
		v *= 100
	}
	return strconv.FormatFloat(math.Round(v*1e6)/1e6+0, 'f', -1, 64)
}

// round returns the round number (1, 2 or 5 times a power of ten) at or above a
// step.
func round(step float64) float64 {
	if step <= 0 {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(step)))
	for _, times := range []float64{1, 2, 5} {
		if step <= times*unit*(1+1e-9) {
			return times * unit
		}
	}
	return 10 * unit
}
