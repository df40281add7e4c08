package stats_test

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/streams"
	"backfire/stats"
)

var regen = flag.Bool("regen", false, "regenerate the simulation's tables in docs/claims.md")

// outcome is a distribution of one seed's value, like those of the games.
type outcome struct {
	name   string
	within stats.Range
	unit   float64 // of the symmetric betting
	draw   func(rng *rand.Rand) float64
	mean   float64
	points bool // whether the values lie on few points, so that samples recur
}

// learnt returns 1 with probability p: an attack that the network learns or not.
func learnt(rng *rand.Rand, p float64) float64 {
	if rng.Float64() < p {
		return 1
	}
	return 0
}

var (
	share  = stats.Range{Low: 0, High: 1}
	change = stats.Range{Low: -1, High: 1}
)

// success is a share that is 0 or 100 % by the seed.
func success(p float64) outcome {
	return outcome{
		fmt.Sprintf("ASR 0 or 100 %%, success %.1f", p), share, 0.1,
		func(rng *rand.Rand) float64 { return learnt(rng, p) }, p, true,
	}
}

// pair is the difference of two such shares.
func pair(before, after float64) outcome {
	return outcome{
		fmt.Sprintf("change of it, success %.1f to %.1f", before, after), change, 0.1,
		func(rng *rand.Rand) float64 { return learnt(rng, after) - learnt(rng, before) }, after - before, true,
	}
}

// normal is a difference that is normally distributed.
func normal(name string, mean, std, unit float64) outcome {
	return outcome{name, change, unit, func(rng *rand.Rand) float64 {
		return min(1, max(-1, mean+std*rng.NormFloat64()))
	}, mean, false}
}

// measuredPairs are the differences that six seeds of the game had: attacker 0 among
// two minus alone, with the same poisoned images (CIFAR-10, width 8, pool 10,000).
var measuredPairs = []float64{0.004, 0.42, 0.007, 0.004, 0.007, -0.58}

// resampled draws from the six measured differences.
var resampled = outcome{
	"six measured changes, resampled", change, 0.1,
	func(rng *rand.Rand) float64 { return measuredPairs[rng.IntN(6)] }, float64(stats.Summarize(measuredPairs).Mean), true,
}

// skewed is a share that is mostly small.
var skewed = outcome{
	"skewed share, mean 20 %", share, 0.1,
	func(rng *rand.Rand) float64 { return math.Pow(rng.Float64(), 4) }, 0.2, false,
}

// correlated is a rank correlation over the attackers of a seed, by Fisher's z.
var correlated = outcome{
	"rank correlation about -0.6", change, 0.1,
	func(rng *rand.Rand) float64 { return math.Tanh(-0.75 + 0.35*rng.NormFloat64()) }, correlatedMean(), false,
}

// correlatedMean integrates the mean of correlated over quantiles of the normal.
func correlatedMean() float64 {
	sum := 0.0
	const steps = 20000
	for i := range steps {
		sum += math.Tanh(-0.75 + 0.35*math.Sqrt2*math.Erfinv(2*(float64(i)+0.5)/steps-1))
	}
	return sum / steps
}

func covered() []outcome {
	return []outcome{
		success(0.5), success(0.7), success(0.8), success(0.9), pair(0.9, 0.9), pair(0.9, 0.5), pair(0.9, 0.2), pair(0.7, 0.5), resampled,
		normal("unimodal change, -20 ± 10 points", -0.2, 0.1, 0.1), skewed,
		normal("standard accuracy, +2 ± 1.5 points", 0.02, 0.015, 0.01), correlated,
	}
}

// trials returns the number of samples: fewer where each has to be computed. The
// standard error of a share of 95 % is 0.7 or 1.4 points.
func (o outcome) trials() int {
	if o.points {
		return 1000
	}
	return 250
}

// The columns of the two methods that the program uses.
const symmetric, bounded = 4, 5

// tried are the methods in the order of the tables' columns.
var tried = []struct {
	name string
	of   func(o outcome) stats.Method
}{
	{"Student's t", func(outcome) stats.Method { return stats.Student{} }},
	{"BCa", func(outcome) stats.Method { return stats.Bootstrap{} }},
	{"sign-flip", func(outcome) stats.Method { return stats.SignFlip{} }},
	{"Gaffke", func(o outcome) stats.Method { return stats.Gaffke{Within: o.within} }},
	{"betting, symmetric", func(o outcome) stats.Method { return stats.Symmetric(o.unit) }},
	{"betting, bounded", func(o outcome) stats.Method { return stats.Bounded(o.within) }},
}

// simulation draws samples and computes intervals of them, each once.
type simulation struct {
	t     *testing.T
	known map[string]stats.Interval
}

// interval returns a method's interval of the sorted values.
func (s *simulation) interval(method int, o outcome, sample []float64, level float64) stats.Interval {
	var key string
	if o.points {
		key = fmt.Sprint(method, o.within, o.unit, level)
		bytes := make([]byte, 0, 8*len(sample))
		for _, x := range sample {
			bytes = binary.LittleEndian.AppendUint64(bytes, math.Float64bits(x))
		}
		key += string(bytes)
		if ci, ok := s.known[key]; ok {
			return ci
		}
	}
	ci, err := tried[method].of(o).Interval(sample, level)
	require.NoError(s.t, err)
	if o.points {
		s.known[key] = ci
	}
	return ci
}

// share returns in how many of the trials a sample of n values holds, per method.
func (s *simulation) share(o outcome, n int, level float64, holds func(stats.Interval) bool) []float64 {
	trials := o.trials()
	counts := make([]float64, len(tried))
	rng := streams.New(1, "simulation "+o.name, uint64(n))
	for range trials {
		sample := make([]float64, n)
		for i := range sample {
			sample[i] = o.draw(rng)
		}
		slices.Sort(sample) // no method depends on the order but by its own draws
		for i := range tried {
			if holds(s.interval(i, o, sample, level)) {
				counts[i] += 1 / float64(trials)
			}
		}
	}
	return counts
}

// stopped returns in how many of the trials the interval misses the mean at any of
// the looks, after 6, 9, ... 24 values.
func (s *simulation) stopped(o outcome) []float64 {
	trials := o.trials()
	counts := make([]float64, len(tried))
	rng := streams.New(1, "looks "+o.name)
	for range trials {
		sample := make([]float64, 24)
		for i := range sample {
			sample[i] = o.draw(rng)
		}
		for i := range tried {
			for n := 6; n <= len(sample); n += 3 {
				if !s.interval(i, o, slices.Sorted(slices.Values(sample[:n])), 0.95).Contains(o.mean) {
					counts[i] += 1 / float64(trials)
					break
				}
			}
		}
	}
	return counts
}

// table formats rows in percent, one cell for each method, which has a figure for
// each number of seeds.
func table(first string, rows []string, cells [][][]float64) string {
	var text strings.Builder
	text.WriteString("| " + first + " |")
	for _, m := range tried {
		text.WriteString(" " + m.name + " |")
	}
	text.WriteString("\n|---|" + strings.Repeat("---|", len(tried)) + "\n")
	for r, row := range rows {
		text.WriteString("| " + row + " |")
		for m := range tried {
			for _, figures := range cells[r] {
				fmt.Fprintf(&text, " %.0f", 100*figures[m])
			}
			text.WriteString(" |")
		}
		text.WriteString("\n")
	}
	return text.String()
}

// effect is an outcome whose mean lies beyond a margin.
type effect struct {
	outcome
	margin float64 // the mean is below it, or above it if it is positive
}

func effects() []effect {
	return []effect{
		{pair(0.9, 0.5), -0.05},
		{pair(0.9, 0.1), -0.05},
		{normal("unimodal change, -30 ± 10 points", -0.3, 0.1, 0.1), -0.05},
		{normal("unimodal change, -70 ± 15 points", -0.7, 0.15, 0.1), -0.05},
		{normal("standard accuracy, +5 ± 1.5 points", 0.05, 0.015, 0.01), 0.01},
	}
}

// shown reports whether an interval lies beyond the margin.
func (e effect) shown(ci stats.Interval) bool {
	if e.margin > 0 {
		return float64(ci.Low) > e.margin
	}
	return float64(ci.High) < e.margin
}

// The bounded betting keeps its promise on every kind of outcome, the symmetric one
// on those with a single hump. The tables are those of docs/claims.md.
func TestSimulation(t *testing.T) {
	s := &simulation{t, map[string]stats.Interval{}}
	var text strings.Builder
	heading := func(format string, args ...any) { fmt.Fprintf(&text, "\n"+format+"\n\n", args...) }

	var names []string
	var cells [][][]float64
	for _, o := range covered() {
		var row [][]float64
		for _, n := range []int{3, 6, 12, 24} {
			shares := s.share(o, n, 0.95, func(ci stats.Interval) bool { return ci.Contains(o.mean) })
			row = append(row, shares)
			require.GreaterOrEqual(t, shares[bounded], 0.93, "bounded, %s, %d seeds", o.name, n)
			if !o.points {
				require.GreaterOrEqual(t, shares[symmetric], 0.93, "symmetric, %s, %d seeds", o.name, n)
			}
		}
		names, cells = append(names, o.name), append(cells, row)
	}
	heading("Coverage of the nominal 95 %% interval, in percent, with 3, 6, 12 and 24 seeds:")
	text.WriteString(table("outcome of a seed", names, cells))

	names, cells = nil, nil
	for _, e := range effects() {
		for _, claims := range []int{1, 4, 8} {
			var row [][]float64
			for _, n := range []int{6, 12, 24} {
				row = append(row, s.share(e.outcome, n, 1-0.05/float64(claims), e.shown))
			}
			names, cells = append(names, fmt.Sprintf("%s; claims: %d", e.name, claims)), append(cells, row)
		}
	}
	heading("Power: how often, in percent, the interval lies beyond the margin with 6, 12 and 24 seeds, for one\nclaim and for the first of four and of eight:")
	text.WriteString(table("outcome of a seed", names, cells))

	names, cells = nil, nil
	for _, o := range []outcome{success(0.9), pair(0.9, 0.9), pair(0.9, 0.5), normal("unimodal change, -20 ± 10 points", -0.2, 0.1, 0.1)} {
		missed := s.stopped(o)
		require.LessOrEqual(t, missed[bounded], 0.07, o.name)
		names, cells = append(names, o.name), append(cells, [][]float64{missed})
	}
	heading("A look after 6, 9, 12, ... 24 seeds: how often, in percent, the nominal 95 %% interval misses the\nmean at one of the looks or more:")
	text.WriteString(table("outcome of a seed", names, cells))
	compareSection(t, "../docs/claims.md", "simulation", text.String()+"\n")
}

// compareSection compares the part of a document between its markers with a text.
func compareSection(t *testing.T, path, name, text string) {
	t.Helper()
	document, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(document), "<!-- "+name+" -->\n")
	require.True(t, found)
	was, after, found := strings.Cut(rest, "<!-- end of "+name+" -->")
	require.True(t, found)
	if *regen {
		marked := before + "<!-- " + name + " -->\n" + text + "<!-- end of " + name + " -->" + after
		require.NoError(t, os.WriteFile(path, []byte(marked), 0o600))
		return
	}
	require.Equal(t, was, text, "regenerate with go test ./stats -run Simulation -regen")
}
