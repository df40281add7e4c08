package torchbridge

import "math"

// One-cycle constants, PyTorch's defaults (Smith and Topin 2017): the share of
// steps in which the learning rate rises, and the divisors of the peak rate that
// give the first and, from the first, the last rate.
const (
	oneCycleRise       = 0.3
	oneCycleFirstRatio = 25.0
	oneCycleLastRatio  = 1e4
)

// Schedules of the learning rate.
const (
	ScheduleOneCycle = "onecycle" // cosine rise from lr/25 to lr in 30 % of the steps, cosine fall to lr/250000
	ScheduleCosine   = "cosine"   // cosine fall from lr to 0 (Loshchilov and Hutter 2017, without restarts)
	ScheduleConstant = "constant" // lr throughout
)

// learningRate returns the rate of step (from 0) among total steps. It depends on the
// length of the run, never on a fixed period.
func learningRate(schedule string, peak float64, step, total int) float64 {
	switch schedule {
	case ScheduleOneCycle:
		first := peak / oneCycleFirstRatio
		last := first / oneCycleLastRatio
		turn := oneCycleRise*float64(total) - 1
		end := float64(total - 1)
		s := float64(step)
		switch {
		case end <= 0:
			return peak
		case s <= turn:
			return cosineBetween(first, peak, s/turn)
		default:
			return cosineBetween(peak, last, (s-turn)/(end-turn))
		}
	case ScheduleCosine:
		return peak * (1 + math.Cos(math.Pi*float64(step)/float64(total))) / 2
	default:
		return peak
	}
}

// cosineBetween goes from a (at 0) to b (at 1) along half a cosine.
func cosineBetween(a, b, share float64) float64 {
	return b + (a-b)/2*(1+math.Cos(math.Pi*share))
}
