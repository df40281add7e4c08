package figures

import (
	"math"
	"strconv"
	"unicode/utf8"

	"gonum.org/v1/plot"

	"backfire/stats"
)

// Axis describes the quantity on an axis of a chart.
type Axis struct {
	Label string
	// Share marks values as shares in [0, 1], which are shown in percent.
	Share bool
	// Points marks the values of a Share as differences, whose unit is points.
	Points bool
	// Whole makes the axis of a Share extend from 0 to 100 % for all values.
	Whole bool
	// Listed puts a tick at each value instead of at round numbers.
	Listed bool
	// Count marks values as whole numbers.
	Count bool
	// Names has the values 0, 1, ... stand for names at equal distances. The axis is then Listed.
	Names []string
}

// nameRoom is the number of characters of names below an axis, of which as many are left out as have no room.
const nameRoom = 64

// unit returns the axis' label with its unit.
func (a Axis) unit() string {
	switch {
	case a.Share && a.Points:
		return a.Label + ", points"
	case a.Share:
		return a.Label + ", %"
	default:
		return a.Label
	}
}

// numberOf formats a value of a number of images in the axis' unit; 0 images: not known.
func (a Axis) numberOf(v float64, images int) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case a.Share && images > 0:
		return stats.Percent(stats.Number(v), images)
	case a.Share:
		return strconv.FormatFloat(math.Round(1000*v)/10+0, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
}

// value formats a value of the x axis, exactly if the axis is Listed or a Count.
func (a Axis) value(v float64, images int) string {
	if a.Listed || a.Count {
		return a.tick(v)
	}
	return a.numberOf(v, images)
}

// ticks returns the axis' ticks: one at each of the values if the axis is Listed,
// otherwise at round numbers.
func (a Axis) ticks(values []float64) plot.Ticker {
	return plot.TickerFunc(func(low, high float64) []plot.Tick {
		if a.Listed {
			var ticks []plot.Tick
			every := a.everyName()
			for i, v := range values {
				tick := plot.Tick{Value: v}
				if i%every == 0 {
					tick.Label = a.tick(v)
				}
				ticks = append(ticks, tick)
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

// everyName returns k, where each k-th of Names has room.
func (a Axis) everyName() int {
	longest := 0
	for _, name := range a.Names {
		longest = max(longest, utf8.RuneCountInString(name)+1)
	}
	return max(1, int(math.Ceil(float64(longest*len(a.Names))/nameRoom)))
}

// step returns the distance between ticks at round numbers.
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

// enclose extends a range to the next ticks at round numbers, unless the axis is
// Listed or a Count. A Whole axis extends from 0 to 1.
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

// tick formats the number at a tick, or returns its name.
func (a Axis) tick(v float64) string {
	if at := int(v); at >= 0 && at < len(a.Names) {
		return a.Names[at]
	}
	if a.Share {
		v *= 100
	}
	return strconv.FormatFloat(math.Round(v*1e6)/1e6+0, 'f', -1, 64)
}

// round returns the smallest round number (1, 2 or 5 times a power of ten) that is
// at least step, or 1 if step is not above 0.
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
