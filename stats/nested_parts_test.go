package stats_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/streams"
	"backfire/stats"
)

// partsOutcome is a distribution of the values of one seed, [training][attacker], with the true variance of each part.
type partsOutcome struct {
	name                           string
	attackers                      int
	game, attacker, training, rest float64
	draw                           func(rng *rand.Rand, trainings int) [][]float64
}

// partsOutcomes are attacks that are learnt or not, with a chance of 1/2, by one of the parts alone, and means of such
// outcomes over several parts. A value of 0 or 1 has a variance of 1/4 then, and each part of a mean of n values the
// n-th part of that by n.
func partsOutcomes() []partsOutcome {
	const several = 5
	each := func(trainings, attackers int, of func(training, attacker int) float64) [][]float64 {
		values := make([][]float64, trainings)
		for t := range values {
			for a := range attackers {
				values[t] = append(values[t], of(t, a))
			}
		}
		return values
	}
	coins := func(rng *rand.Rand, n int) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = learnt(rng, 0.5)
		}
		return values
	}
	return []partsOutcome{
		{"one attacker, by the training", 1, 0, 0, 0.25, 0, func(rng *rand.Rand, n int) [][]float64 {
			return each(n, 1, func(int, int) float64 { return learnt(rng, 0.5) })
		}},
		{"one attacker, by the game", 1, 0.25, 0, 0, 0, func(rng *rand.Rand, n int) [][]float64 {
			game := learnt(rng, 0.5)
			return each(n, 1, func(int, int) float64 { return game })
		}},
		{"one attacker, mean of both", 1, 1. / 16, 0, 1. / 16, 0, func(rng *rand.Rand, n int) [][]float64 {
			game := learnt(rng, 0.5)
			return each(n, 1, func(int, int) float64 { return game/2 + learnt(rng, 0.5)/2 })
		}},
		{"five attackers, by each attacker's images", several, 0, 0.25, 0, 0, func(rng *rand.Rand, n int) [][]float64 {
			attackers := coins(rng, several)
			return each(n, several, func(_, a int) float64 { return attackers[a] })
		}},
		{"five attackers, by the training", several, 0, 0, 0.25, 0, func(rng *rand.Rand, n int) [][]float64 {
			trainings := coins(rng, n)
			return each(n, several, func(t, _ int) float64 { return trainings[t] })
		}},
		{"five attackers, mean of all four", several, 1. / 64, 1. / 64, 1. / 64, 1. / 64, func(rng *rand.Rand, n int) [][]float64 {
			game, attackers, trainings := learnt(rng, 0.5), coins(rng, several), coins(rng, n)
			return each(n, several, func(t, a int) float64 {
				return (game + attackers[a] + trainings[t] + learnt(rng, 0.5)) / 4
			})
		}},
	}
}

// The betting's interval of each single component covers it in at least 93 % of samples.
func TestComponentIntervalsCover(t *testing.T) {
	const samples, trainings = 100, 2
	for _, o := range partsOutcomes() {
		for _, seeds := range []int{6, 12, 24} {
			covered, mean := map[string]int{}, map[string]float64{}
			rng := streams.New(1, "parts "+o.name, uint64(seeds))
			for range samples {
				n := make(stats.Nested, seeds)
				for i := range n {
					n[i] = o.draw(rng, trainings)
				}
				c, err := n.Components(share, 0.95)
				require.NoError(t, err)
				for part, truth := range o.truths(c) {
					if float64(truth.of.Low) <= truth.variance+1e-5 && truth.variance-1e-5 <= float64(truth.of.High) {
						covered[part]++
					}
					mean[part] += float64(truth.of.Variance) / samples
				}
			}
			for part, count := range covered {
				t.Logf("%2d seeds, %-42s %-8s covered %3d of %d, mean %.3f", seeds, o.name, part, count, samples, mean[part])
				require.GreaterOrEqual(t, count, 93, "%d seeds, %s, %s", seeds, o.name, part)
			}
		}
	}
}

// truth is a component with its true variance.
type truth struct {
	of       stats.Component
	variance float64
}

// truths pairs the components of a sample with their true variances.
func (o partsOutcome) truths(c stats.Components) map[string]truth {
	truths := map[string]truth{"game": {c.Game, o.game}, "training": {c.Training, o.training}}
	if o.attackers > 1 {
		truths["attacker"], truths["rest"] = truth{*c.Attacker, o.attacker}, truth{*c.Rest, o.rest}
	}
	return truths
}
