package audit

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit/design"
	"backfire/internal/streams"
)

// world is a screening of which the truth is known. draw returns the lift of a run on one seed and alone of its matched
// single, given whether the run has the factor's high level and a number from 0 to 1 that all runs of the seed share.
type world struct {
	name         string
	effect       float64 // the expectation at the high level minus that at the low one
	interference bool    // whether the measure is lift less alone, or the lift
	draw         func(high bool, shared float64, rng *rand.Rand) (lift, alone float64)
}

// byTheSeed returns a world of trainings that succeed or fail: with probability p at the low level, less at the high
// one. A part of them is decided by the number that the seed shares.
func byTheSeed(name string, p, less, part float64, interference bool) world {
	return world{name, -less, interference, func(high bool, shared float64, rng *rand.Rand) (lift, alone float64) {
		outcome := func(p float64) float64 {
			x := rng.Float64()
			if rng.Float64() < part {
				x = shared
			}
			if x < p {
				return 1
			}
			return 0
		}
		alone = outcome(p)
		if high {
			return outcome(p - less), alone
		}
		return outcome(p), alone
	}}
}

// worlds have outcomes like those of trainings: all or nothing by the training, in part or all decided by the seed
// for all runs alike, one hump, and differences of such outcomes, as interference is.
func worlds() []world {
	return []world{
		byTheSeed("success 0.9 to 0.9", 0.9, 0, 0, false),
		byTheSeed("success 0.9 to 0.5", 0.9, 0.4, 0, false),
		byTheSeed("success 0.9 to 0.5, half by the seed", 0.9, 0.4, 0.5, false),
		byTheSeed("success 0.9 to 0.5, all by the seed", 0.9, 0.4, 1, false),
		byTheSeed("success 0.8 to 0.7, nine of ten by the seed", 0.8, 0.1, 0.9, false),
		byTheSeed("success 0.8 to 0.7, all by the seed", 0.8, 0.1, 1, false),
		byTheSeed("success 0.95 to 0.9, all by the seed", 0.95, 0.05, 1, false),
		byTheSeed("interference, 0.9 to 0.5", 0.9, 0.4, 0, true),
		byTheSeed("interference, 0.8 to 0.7, nine of ten by the seed", 0.8, 0.1, 0.9, true),
		byTheSeed("interference, 0.8 to 0.7, all by the seed", 0.8, 0.1, 1, true),
		{"one hump, -20 ± 10 points", -0.2, false, func(high bool, shared float64, rng *rand.Rand) (lift, alone float64) {
			lift = 0.8 + 0.1*rng.NormFloat64() + 0.2*(shared-0.5)
			if high {
				lift -= 0.2
			}
			return lift, 0
		}},
	}
}

// screen returns the effect of the design's first factor on each of so many seeds, and the interval of effects.
func (w world) screen(d design.Design, seeds, repetition int) ([]float64, Interval) {
	var rows [][]float64
	var all, effects []float64
	for seed := range seeds {
		rng := streams.New(uint64(repetition), "world "+w.name, uint64(seed))
		shared := rng.Float64()
		lifts, values := make([]float64, d.Runs()), make([]float64, d.Runs())
		for run := range values {
			lift, alone := w.draw(d.High(run, 0), shared, rng)
			lifts[run], values[run] = lift, lift
			if w.interference {
				values[run] -= alone
			}
		}
		rows, all = append(rows, lifts), append(all, lifts...)
		effects = append(effects, contrast(d, design.Main(0), values))
	}
	return effects, intervalOf(d, rows, all)
}

// The 95 % interval of an effect covers the true one in at least 93 % of screenings of 8 and of 16 runs, also where
// the seed alone decides every run and a factor matters on few seeds.
func TestEffectIntervalsCover(t *testing.T) {
	const repetitions = 400
	for _, runs := range []int{8, 16} {
		d, err := design.Find(4, runs, 4)
		require.NoError(t, err)
		for _, w := range worlds() {
			for _, seeds := range []int{6, 12, 24} {
				covered, symmetric, decided, width := 0, 0, 0, 0.0
				for repetition := range repetitions {
					e := Screened{}
					e.PerSeed, e.Interval = w.screen(d, seeds, repetition)
					require.NoError(t, e.judge(0.05))
					if float64(e.Low) <= w.effect && w.effect <= float64(e.High) {
						covered++
					}
					if e.Interval == SymmetricValues {
						symmetric++
					}
					if e.matters() {
						decided++
					}
					width += float64(e.High-e.Low) / repetitions
				}
				percent := func(n int) float64 { return 100 * float64(n) / repetitions }
				t.Logf("%2d runs, %2d seeds, %-50s covered %5.1f %%, width %3.0f points, beyond the margin %3.0f %%, symmetric %3.0f %%",
					runs, seeds, w.name, percent(covered), 100*width, percent(decided), percent(symmetric))
				require.GreaterOrEqual(t, percent(covered), 93.0, w.name)
			}
		}
	}
}
