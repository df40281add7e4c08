package phase_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit/phase"
	"backfire/internal/streams"
	"backfire/stats"
)

// surface is a known response: the probability that an attacker succeeds.
type surface func(n, k int, effect float64) float64

// dilution depends on k alone, with a seed that shifts the curve.
func dilution(half float64) surface {
	return func(_, k int, effect float64) float64 {
		return 1 / (1 + math.Exp(-2*(math.Log2(float64(k)/half)+effect)))
	}
}

// spoilt is dilution, but needs more images the more others there are.
func spoilt(half float64) surface {
	return func(n, k int, effect float64) float64 { return dilution(half*math.Sqrt(float64(n)))(n, k, effect) }
}

// simulate plays seeds of games on a surface: the ASR of an attacker is 0.97 if it
// succeeds, 0.05 if it fails.
func simulate(trial int, at surface, ns, ks []int, seeds int, spread float64) []phase.Game {
	var games []phase.Game
	for seed := range seeds {
		effect := spread * streams.New(uint64(trial), "effect of a seed", uint64(seed)).NormFloat64()
		for _, n := range ns {
			for _, k := range ks {
				rng := streams.New(uint64(trial), "game", uint64(seed), uint64(n), uint64(k))
				g := phase.Game{Reading: "simulated", N: n, K: k, Seed: uint64(seed), Attackers: n}
				for range n {
					if rng.Float64() < at(n, k, effect) {
						g.Successes++
					}
				}
				g.ASR = stats.Number(0.05 + 0.92*g.Share())
				g.Lift = g.ASR - 0.05
				g.Interference = stats.Undefined()
				games = append(games, g)
			}
		}
	}
	return games
}

var (
	allN = []int{1, 2, 5}
	allK = []int{6, 12, 24, 48, 96, 192, 384}
)

// analyze returns the diagram of games of one reading.
func analyze(t *testing.T, games []phase.Game, options phase.Options) phase.Diagram {
	t.Helper()
	diagrams, err := phase.Analyze(games, options)
	require.NoError(t, err)
	require.Len(t, diagrams, 1)
	return diagrams[0]
}

// On games of a known surface the finding is wrong in at most 5 of 100 simulations, and
// right where there are seeds enough.
func TestFindingsOnKnownSurfaces(t *testing.T) {
	const trials = 100
	for name, tc := range map[string]struct {
		at    surface
		seeds int
		// right is the finding that is true; power the least share of it.
		right phase.Finding
		power float64
	}{
		"dilution, few seeds":  {dilution(40), 6, phase.Coincide, 0},
		"dilution, many seeds": {dilution(40), 60, phase.Coincide, 0.95},
		"spoilt": {func(n, k int, effect float64) float64 {
			return dilution(40*float64(n))(n, k, effect)
		}, 24, phase.Spoil, 0.9},
		"helped": {func(n, k int, effect float64) float64 {
			return dilution(40/float64(n))(n, k, effect)
		}, 24, phase.Help, 0.95},
	} {
		t.Run(name, func(t *testing.T) {
			right, wrong := 0, 0
			for trial := range trials {
				d := analyze(t, simulate(trial, tc.at, allN, allK, tc.seeds, 0.3), phase.Options{Resamples: 1, Margin: 0.15})
				switch d.Coincidence.Finding {
				case tc.right:
					right++
				case phase.NotDecided:
				default:
					wrong++
				}
			}
			require.LessOrEqual(t, wrong, 5)
			require.GreaterOrEqual(t, float64(right), tc.power*trials)
		})
	}
}

// The band of the k at which half succeed contains the truth.
func TestBandCoversTheTruth(t *testing.T) {
	const trials = 200
	for seeds, least := range map[int]int{3: 186, 6: 186, 12: 186} {
		t.Run(fmt.Sprintf("%d seeds", seeds), func(t *testing.T) {
			covered, bounded := map[int]int{}, 0
			for trial := range trials {
				d := analyze(t, simulate(trial, spoilt(40), allN, allK, seeds, 0.5), phase.Options{Resamples: 199})
				for _, c := range d.Curves {
					half := 40 * math.Sqrt(float64(c.N))
					if (!c.Low.Defined() || float64(c.Low) <= half) && (!c.High.Defined() || half <= float64(c.High)) {
						covered[c.N]++
					}
					if c.Low.Defined() && c.High.Defined() {
						bounded++
					}
				}
			}
			t.Log(covered, "of", trials, "bands of each N cover the truth;", bounded, "of", 3*trials, "are bounded")
			for _, n := range allN {
				require.GreaterOrEqual(t, covered[n], least, "N = %d", n)
			}
		})
	}
}

// A cell that lies at 50 % is called decided on one side as rarely as the rule says,
// although it is looked at after every seed; one that lies far off is decided soon.
func TestRuleKeepsItsPromise(t *testing.T) {
	const trials = 400
	rule := phase.Rule{}
	for _, tc := range []struct {
		share    float64
		decided  [2]float64 // least and most share of the cells that are called successful
		standing phase.Standing
	}{{0.5, [2]float64{0, 0.2}, phase.Succeeds}, {0.95, [2]float64{0.95, 1}, phase.Succeeds}, {0.05, [2]float64{0, 0.01}, phase.Succeeds}, {0.05, [2]float64{0.95, 1}, phase.Fails}} {
		count := 0
		for trial := range trials {
			rng := streams.New(uint64(trial), "cell")
			var shares []float64
			standing := phase.Undecided
			for len(shares) < 12 && standing == phase.Undecided {
				shares = append(shares, map[bool]float64{true: 1}[rng.Float64() < tc.share])
				var err error
				standing, err = rule.Decide(shares)
				require.NoError(t, err)
			}
			if standing == tc.standing {
				count++
			}
		}
		share := float64(count) / trials
		require.GreaterOrEqual(t, share, tc.decided[0], "%v %s", tc.share, tc.standing)
		require.LessOrEqual(t, share, tc.decided[1], "%v %s", tc.share, tc.standing)
	}
}
