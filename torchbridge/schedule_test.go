package torchbridge

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Every rate is above 0 and at most the peak, down to runs of a single step. Those
// of one-cycle rise up to the turn and fall from it on, the others never rise.
func TestLearningRates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.OneOf(rapid.IntRange(1, 12), rapid.IntRange(1, 100_000)).Draw(t, "total")
		step := rapid.IntRange(0, total-1).Draw(t, "step")
		peak := rapid.Float64Range(1e-6, 10).Draw(t, "peak")
		schedule := rapid.SampledFrom([]string{ScheduleOneCycle, ScheduleCosine, ScheduleConstant}).Draw(t, "schedule")
		rate := learningRate(schedule, peak, step, total)
		require.Greater(t, rate, 0.0)
		require.LessOrEqual(t, rate, peak*(1+1e-12), "rounding of a cosine")
		if step == 0 {
			return
		}
		before, turn := learningRate(schedule, peak, step-1, total), oneCycleRise*float64(total)-1
		switch {
		case schedule == ScheduleOneCycle && float64(step) <= turn:
			require.GreaterOrEqual(t, rate, before)
		case schedule != ScheduleOneCycle || float64(step-1) >= turn:
			require.LessOrEqual(t, rate, before)
		}
	})
}

// The rates that PyTorch's OneCycleLR(0.1, total_steps=total, cycle_momentum=False)
// gives for runs that are shorter than its phases: the rise takes 0.3 total - 1
// steps, which is less than none below four.
func TestShortOneCycles(t *testing.T) {
	fall := func(share float64) float64 {
		const peak, last = 0.1, 0.1 / 25 / 1e4
		return last + (peak-last)/2*(1+math.Cos(math.Pi*share))
	}
	for _, want := range [][]float64{
		{0.1}, // PyTorch would take the last rate, 4e-7, which trains nothing
		{fall(0.4 / 1.4), fall(1)},
		{fall(0.1 / 2.1), fall(1.1 / 2.1), fall(1)},
		{0.1 / 25, fall(0.8 / 2.8), fall(1.8 / 2.8), fall(1)},
	} {
		for step, rate := range want {
			require.InDelta(t, rate, learningRate(ScheduleOneCycle, 0.1, step, len(want)), 1e-15, "step %d of %d: float64", step, len(want))
		}
	}
}
