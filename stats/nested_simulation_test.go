package stats_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/streams"
	"backfire/stats"
)

// spreadOutcome is a distribution of the values of one seed's trainings, [training][attacker],
// with the share of the variance that is drawn anew by each training.
type spreadOutcome struct {
	name  string
	share float64
	hump  bool // whether the effects are normally distributed
	draw  func(rng *rand.Rand, trainings int) [][]float64
}

// trained returns the values of one attacker in all trainings.
func trained(trainings int, draw func() float64) [][]float64 {
	values := make([][]float64, trainings)
	for i := range values {
		values[i] = []float64{draw()}
	}
	return values
}

// byTraining is an ASR of 0 or 100 % by the training alone.
func byTraining(p float64) spreadOutcome {
	return spreadOutcome{fmt.Sprintf("0 or 100 %% by the training, success %.1f", p), 1, false, func(rng *rand.Rand, n int) [][]float64 {
		return trained(n, func() float64 { return learnt(rng, p) })
	}}
}

// byGame is an ASR of 0 or 100 % by the game alone.
func byGame(p float64) spreadOutcome {
	return spreadOutcome{fmt.Sprintf("0 or 100 %% by the game, success %.1f", p), 0, false, func(rng *rand.Rand, n int) [][]float64 {
		x := learnt(rng, p)
		return trained(n, func() float64 { return x })
	}}
}

// someGames is an ASR of 0 or 100 % that succeeds always, or in a share q of games with
// probability p.
func someGames(q, p float64) spreadOutcome {
	mean := 1 - q + q*p
	return spreadOutcome{
		fmt.Sprintf("success %.1f in %.0f %% of games, 1 in the others", p, 100*q), q * p * (1 - p) / (mean * (1 - mean)), false,
		func(rng *rand.Rand, n int) [][]float64 {
			success := 1.0
			if rng.Float64() < q {
				success = p
			}
			return trained(n, func() float64 { return learnt(rng, success) })
		},
	}
}

// arcsine draws a probability of success that tends to be near 0 or 1: Beta(1/2, 1/2), of
// which half of the variance of an outcome is by the game.
func arcsine(rng *rand.Rand) float64 { return math.Pow(math.Sin(math.Pi/2*rng.Float64()), 2) }

// smoothSpread has normally distributed effects with a standard deviation of 2 points.
func smoothSpread(share float64) spreadOutcome {
	return spreadOutcome{fmt.Sprintf("standard accuracy, share %.1f", share), share, true, func(rng *rand.Rand, n int) [][]float64 {
		game := 0.9 + 0.02*math.Sqrt(1-share)*rng.NormFloat64()
		return trained(n, func() float64 { return min(1, game+0.02*math.Sqrt(share)*rng.NormFloat64()) })
	}}
}

func spreadOutcomes() []spreadOutcome {
	return []spreadOutcome{
		byTraining(0.5), byTraining(0.7), byTraining(0.9), byGame(0.5), byGame(0.9),
		{"0 or 100 % by both", 0.5, false, func(rng *rand.Rand, n int) [][]float64 {
			p := arcsine(rng)
			return trained(n, func() float64 { return learnt(rng, p) })
		}},
		someGames(0.2, 0.5), someGames(0.5, 0.5), someGames(0.3, 0.1),
		{"mean of five attackers, each by both", 0.5, false, func(rng *rand.Rand, n int) [][]float64 {
			var p [5]float64
			for i := range p {
				p[i] = arcsine(rng)
			}
			return trained(n, func() float64 {
				sum := 0.0
				for i := range p {
					sum += learnt(rng, p[i]) / 5
				}
				return sum
			})
		}},
		smoothSpread(0.1), smoothSpread(0.5), smoothSpread(1),
	}
}

// betting is the name of the method that the program uses for all but standard accuracy.
const betting = "betting"

// spreadMethods are the methods in the order of the table's columns.
var spreadMethods = []struct {
	name string
	of   func(t *testing.T, n stats.Nested) (low, high stats.Number)
}{
	{"F distribution", func(t *testing.T, n stats.Nested) (low, high stats.Number) {
		c, err := n.NormalComponents(0.95)
		require.NoError(t, err)
		return c.ShareLow, c.ShareHigh
	}},
	{"jackknife", jackknife},
	{betting, func(t *testing.T, n stats.Nested) (low, high stats.Number) {
		c, err := n.Components(share, 0.95)
		require.NoError(t, err)
		return c.ShareLow, c.ShareHigh
	}},
}

// jackknife returns Student's interval of the pseudo-values of the logarithm of the ratio of
// the mean squares (Arvesen and Schmitz, "Robust procedures for variance component problems
// using the jackknife", Biometrics 26, 1970); all shares where one of them is undefined.
func jackknife(t *testing.T, n stats.Nested) (low, high stats.Number) {
	trainings := float64(len(n[0]))
	logarithm := func(of stats.Nested) float64 {
		var means, within []float64
		for _, seed := range of {
			over := stats.Over(seed, func(v []float64) float64 { return v[0] })
			means = append(means, float64(over.Mean))
			within = append(within, float64(over.Std*over.Std)*trainings/(trainings-1))
		}
		between := stats.Summarize(means)
		ratio := trainings * float64(between.Std*between.Std) * float64(between.N) / float64(between.N-1)
		return math.Log(ratio / float64(stats.Summarize(within).Mean))
	}
	all := logarithm(n)
	var values []float64
	for i := range n {
		without := append(append(stats.Nested{}, n[:i]...), n[i+1:]...)
		values = append(values, float64(len(n))*all-float64(len(n)-1)*logarithm(without))
	}
	if s := stats.Summarize(values); s.Undefined > 0 || !stats.Number(s.Mean).Defined() || !s.CI95.Defined() {
		return 0, 1
	}
	ci, err := stats.Student{}.Interval(values, 0.95)
	require.NoError(t, err)
	share := func(l stats.Number) stats.Number {
		return stats.Number(1 / (1 + max(0, (math.Exp(float64(l))-1)/trainings)))
	}
	return share(ci.High), share(ci.Low)
}

// betTrials is the number of samples for the betting, which takes longer than the others.
const betTrials = 120

// simulate returns how often each method covers the share of an outcome, and how often the
// betting excludes a share of one half, in percent. The standard error of 95 % is 2 points for
// the betting, and 0.7 or 1 for the others.
func (o spreadOutcome) simulate(t *testing.T, trainings, seeds int) (covered []float64, excluded float64) {
	const roundoff = 1e-5
	trials := 400
	if o.hump {
		trials = 1000
	}
	rng := streams.New(1, "spread "+o.name, uint64(trainings), uint64(seeds))
	covered = make([]float64, len(spreadMethods))
	for trial := range trials {
		n := make(stats.Nested, seeds)
		for i := range n {
			n[i] = o.draw(rng, trainings)
		}
		for i, m := range spreadMethods {
			percent := 100 / float64(trials)
			if m.name == betting {
				percent = 100.0 / betTrials
			}
			if m.name == betting && trial >= betTrials {
				continue
			}
			low, high := m.of(t, n)
			if float64(low) <= o.share+roundoff && o.share-roundoff <= float64(high) {
				covered[i] += percent
			}
			if m.name == betting && (low > 0.5 || high < 0.5) {
				excluded += percent
			}
		}
	}
	return covered, excluded
}

// promises reports whether a method is used for such outcomes, so that it has to cover.
func (o spreadOutcome) promises(method string) bool {
	return method == betting || o.hump && method == "F distribution"
}

// The betting covers the share of the trainings on every kind of outcome, the F distribution
// on those with a single hump. The tables are those of docs/tables.md.
func TestSpreadSimulation(t *testing.T) {
	head, rule := "| spread of a seed's values |", "\n|---|"
	for _, m := range spreadMethods {
		head, rule = head+" "+m.name+" |", rule+"---|"
	}
	text := "\n" + head + rule + "\n"
	told := "\n| spread of a seed's values | 2 trainings | 4 trainings |\n|---|---|---|\n"
	for _, o := range spreadOutcomes() {
		cells := make([]string, len(spreadMethods))
		excluded := ""
		for _, trainings := range []int{2, 4} {
			excluded += " |"
			for _, seeds := range []int{6, 12, 24} {
				covered, half := o.simulate(t, trainings, seeds)
				for i, m := range spreadMethods {
					if trainings == 4 && seeds == 6 {
						cells[i] += " /"
					}
					cells[i] += fmt.Sprintf(" %.0f", covered[i])
					if o.promises(m.name) {
						require.GreaterOrEqual(t, covered[i], 93.0, "%s, %s, %d seeds, %d trainings", m.name, o.name, seeds, trainings)
					}
				}
				excluded += fmt.Sprintf(" %.0f", half)
			}
		}
		text += "| " + o.name + " |" + strings.Join(cells, " |") + " |\n"
		if o.share != 0.5 && !o.hump {
			told += "| " + o.name + excluded + " |\n"
		}
	}
	compareSection(t, "../docs/tables.md", "spread", text+told+"\n")
}
