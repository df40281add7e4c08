package audit_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit"
	"backfire/audit/design"
	"backfire/claims"
	"backfire/internal/streams"
	"backfire/stats"
)

// surface is a known response surface: a simulated game in place of a training.
type surface struct {
	// lift is the expected lift of an attacker in its matched single, and interference what other attackers add.
	lift, interference func(high design.Effect, n, poisoned int) float64
	// bimodal trainings succeed wholly or not at all, with the expected lift as the probability; others scatter. With
	// bySeed one number of the seed decides all of them.
	bimodal, bySeed bool
	// exact trainings have the expected lift.
	exact bool
}

// spec is an audit of four factors in eight runs, of which the second is one of labels.
func spec() audit.Spec {
	level := func(name, key, value string) audit.Level {
		return audit.Level{Name: name, Settings: map[string]string{key: value}}
	}
	return audit.Spec{
		Format: audit.Format, Name: "made up", FirstSeed: 1,
		Factors: []audit.Factor{
			{Name: "sampling", Low: level("per agent", "trigger.sampling", "per_agent"), High: level("per image", "trigger.sampling", "per_image")},
			{Name: "labels", Low: level("same", "attackers.labels", "same"), High: level("distinct", "attackers.labels", "list")},
			{Name: "steps", Low: level("few", "train.epochs", "4"), High: level("many", "train.epochs", "12")},
			{Name: "size", Low: level("small", "attackers.p1", "0.2"), High: level("large", "attackers.p1", "0.4")},
			{Name: "range", Low: level("box", "trigger.range", "per_dimension"), High: level("whole", "trigger.range", "whole")},
			{Name: "training", Low: level("modern", "train.lr", "0.1"), High: level("authors", "train.lr", "0.001")},
		},
		Primary:   audit.Primary{Claims: []string{"C1"}, Counts: []int{2, 5}, Seeds: 12},
		Screening: audit.Screening{Resolution: 4, Counts: []int{2, 5}, Looks: []int{6}, FoldOver: true},
		Phase:     &audit.Phase{Poisoned: []int{12, 48, 192}, Counts: []int{1, 5}, First: 3, Step: 3, Most: 12},
		Margins:   claims.DefaultMargins(),
	}
}

// play returns the games of a play on a surface. Attackers of one seed share what is drawn for the seed and the
// readings, and the matched single is of the same attacker in a game of its own.
func (f surface) play(p audit.Play, experiment uint64) []audit.Trial {
	var trials []audit.Trial
	draw := func(expected float64, n, attacker int) stats.Number {
		rng := streams.New(experiment, fmt.Sprintf("made-up %v %d", p.Condition, p.Seed), uint64(100*n+attacker))
		if f.exact {
			return stats.Number(expected)
		}
		if f.bimodal {
			x := rng.Float64()
			if f.bySeed {
				x = streams.New(experiment, "made-up seed", p.Seed).Float64()
			}
			if x < expected {
				return stats.Number(0.9 + 0.1*rng.Float64())
			}
			return stats.Number(0.05 * rng.Float64())
		}
		return stats.Number(math.Max(-0.2, math.Min(1, expected+0.04*rng.NormFloat64())))
	}
	for _, n := range p.Counts {
		g := claims.Game{Seed: p.Seed, Defense: claims.NoDefense, Labels: claims.Same, CleanAccuracy: 0.95, CleanImages: 1000, Models: []string{fmt.Sprint(p, n)}}
		for i := range n {
			a := claims.Attacker{
				ID: i, Target: 2, Rate: 0.2, P1: 0.2, P2: 0.2, Poisoned: 48, Images: 100, Robustness: stats.Undefined(),
				Randomness: stats.Undefined(), Divergence: stats.Undefined(),
			}
			if p.High&design.Main(1) != 0 && n > 1 {
				a.Target, g.Labels = i, claims.Distinct
			}
			expected := f.lift(p.High, n, p.Poisoned)
			if n > 1 {
				expected += f.interference(p.High, n, p.Poisoned)
			}
			a.Lift = draw(expected, n, i)
			a.ASR = stats.Number(math.Min(1, math.Max(0, float64(a.Lift)+0.1)))
			if i == 0 && n > 1 {
				alone := draw(f.lift(p.High, n, p.Poisoned), 1, i)
				a.Single = &claims.Figures{ASR: stats.Number(math.Min(1, math.Max(0, float64(alone)+0.1))), Lift: alone, Model: fmt.Sprint(p, "alone")}
			}
			g.Attackers = append(g.Attackers, a)
		}
		trials = append(trials, audit.Trial{Condition: p.Condition, Game: g})
	}
	return trials
}

// run plays an audit to its end on a surface, without any training.
func (f surface) run(t *testing.T, s *audit.Spec, experiment uint64) *audit.Result {
	t.Helper()
	var progress audit.Progress
	played := map[string]bool{}
	for round := 0; ; round++ {
		require.Less(t, round, 20, "every audit ends")
		plan, err := s.Wanted(progress)
		require.NoError(t, err)
		more := false
		for _, p := range plan.Plays {
			if key := fmt.Sprint(p); !played[key] {
				played[key], more = true, true
				progress.Trials = append(progress.Trials, f.play(p, experiment)...)
			}
		}
		if !more {
			require.True(t, plan.Ended)
			break
		}
	}
	result, err := s.Analyze(progress.Trials, "mnist", 1)
	require.NoError(t, err)
	return result
}

func constant(x float64) func(design.Effect, int, int) float64 {
	return func(design.Effect, int, int) float64 { return x }
}

// learnt is a lift that grows with the number of poisoned images, from nothing below 24 to 0.8 above; with the
// readings' number it is 0.8.
func learnt(_ design.Effect, _, poisoned int) float64 {
	if poisoned == 0 || poisoned > 24 {
		return 0.8
	}
	return 0.05
}

// c1 returns the answers on backfiring over all runs, and of the levels of a factor, at the largest N.
func c1(t *testing.T, r *audit.Result, reading string) claims.Outcome {
	t.Helper()
	for _, row := range r.Matrix {
		if row.Stage == audit.StageScreening && row.Reading == reading && row.Scale == "N = 5" {
			return row.Answer("C1").Outcome
		}
	}
	t.Fatalf("there is no row %q", reading)
	return ""
}

// truth is a surface with the condition under which the answers on it are right.
type truth struct {
	name  string
	of    surface
	right func(t *testing.T, r *audit.Result) bool
}

// perImageDistinct is an interference of -40 points where both of the first two factors have their high level.
func perImageDistinct(high design.Effect, _, _ int) float64 {
	if high&3 == 3 {
		return -0.4
	}
	return 0
}

// truths are the surfaces that audits are simulated on.
func truths() []truth {
	return []truth{
		{"no interference", surface{lift: learnt, interference: constant(0)}, func(t *testing.T, r *audit.Result) bool {
			return c1(t, r, "all readings together") == claims.NoEffect && r.Matrix[0].Answer("C1").Outcome != claims.Supported &&
				r.Matrix[0].Answer("C1").Outcome != claims.Opposite && noneIs(r, audit.Raises, audit.Lowers)
		}},
		{"interference of -20", surface{lift: learnt, interference: constant(-0.2)}, func(t *testing.T, r *audit.Result) bool {
			primary := r.Matrix[0].Answer("C1").Outcome
			return c1(t, r, "all readings together") == claims.Supported && c1(t, r, "sampling = per agent") == claims.Supported &&
				(primary == claims.Supported || primary == claims.Undecided) && noneIs(r, audit.Raises, audit.Lowers)
		}},
		// Half of all trainings succeed, whatever N is: a mean difference of nothing, made of differences of 100.
		{"bimodal", surface{lift: constant(0.5), interference: constant(0), bimodal: true}, func(_ *testing.T, r *audit.Result) bool {
			return noFalseBackfiring(r)
		}},
		// One number of the seed decides all of its trainings, and a factor matters on one seed in ten: the next seed
		// may turn every run, so nothing may be excluded.
		{"decided by the seed", surface{lift: rarely, interference: constant(0), bimodal: true, bySeed: true}, func(_ *testing.T, r *audit.Result) bool {
			for _, e := range r.Effects {
				wrong := e.Direction == audit.Raises || e.Direction == audit.Lowers
				if e.Name == "sampling" && e.Measure != audit.Interference {
					wrong = e.Direction == audit.Raises || e.Direction == audit.NoEffect
				}
				if e.Main() && wrong {
					return false
				}
			}
			return noFalseBackfiring(r)
		}},
		// Backfiring at one combination of two readings alone: an effect of both and of their interaction, of half its
		// size over the levels.
		{"one combination", surface{lift: learnt, interference: perImageDistinct}, func(t *testing.T, r *audit.Result) bool {
			pair := len(r.Pair) == 2 && r.Pair[0] == "sampling" && r.Pair[1] == "labels"
			perAgent := c1(t, r, "sampling = per agent")
			for _, other := range []string{"steps", "size", "range", "training"} {
				if d := directionOf(r, other); d == audit.Raises || d == audit.Lowers {
					return false
				}
			}
			return pair && c1(t, r, "sampling = per image") == claims.Supported && perAgent != claims.Supported && perAgent != claims.Opposite &&
				directionOf(r, "sampling") == audit.Lowers && directionOf(r, "labels") == audit.Lowers
		}},
	}
}

// The verdicts are right in at least 95 of 100 audits that are simulated from a known truth, through all stages.
func TestVerdictsAreRight(t *testing.T) {
	const audits, enough = 100, 95
	for _, truth := range truths() {
		t.Run(truth.name, func(t *testing.T) {
			s := spec()
			require.NoError(t, s.Check())
			right := 0
			for experiment := range uint64(audits) {
				r := truth.of.run(t, &s, 1+experiment)
				if truth.right(t, r) {
					right++
				}
			}
			t.Logf("right in %d of %d", right, audits)
			require.GreaterOrEqual(t, right, enough)
		})
	}
}

// rarely is a lift of 0.8 that the first factor's high level lowers to 0.7.
func rarely(high design.Effect, _, _ int) float64 {
	if high&1 != 0 {
		return 0.7
	}
	return 0.8
}

// noFalseBackfiring reports whether neither the primary reading nor all runs together show that the others lower or
// raise an attacker's success.
func noFalseBackfiring(r *audit.Result) bool {
	for _, row := range r.Matrix {
		about := row.Stage == audit.StagePrimary || row.Reading == "all readings together"
		if a := row.Answer("C1"); about && (a.Outcome == claims.Supported || a.Outcome == claims.Opposite) {
			return false
		}
	}
	return true
}

// noneIs reports whether no factor's effect on interference at the largest N has one of the answers.
func noneIs(r *audit.Result, directions ...audit.Direction) bool {
	for _, e := range r.Effects {
		for _, d := range directions {
			if e.Main() && e.Measure == audit.Interference && e.N == 5 && e.Direction == d {
				return false
			}
		}
	}
	return true
}

// directionOf returns the answer on a factor's effect on interference at the largest N.
func directionOf(r *audit.Result, factor string) audit.Direction {
	for _, e := range r.Effects {
		if e.Name == factor && e.Measure == audit.Interference && e.N == 5 {
			return e.Direction
		}
	}
	return ""
}
