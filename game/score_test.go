package game_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
	"backfire/internal/streams"
	"backfire/stats"
)

// predict has a model predict the probes of a game and scores its predictions.
func predict(t require.TestingT, g *game.Game, model func(p game.Probe) uint16) *game.Score {
	list := g.Probes().List
	predicted := make([]uint16, len(list))
	for i, probe := range list {
		predicted[i] = model(probe)
	}
	score, err := g.Score(predicted)
	require.NoError(t, err)
	return score
}

// guesser returns a model that predicts random classes, biased towards the
// predictions of a backdoored model.
func guesser(g *game.Game, classes int, seed uint64) func(p game.Probe) uint16 {
	rng := streams.New(seed, "test predictions")
	return func(p game.Probe) uint16 {
		switch rng.IntN(4) {
		case 0:
			return p.Label
		case 1:
			if p.Trigger != game.NoTrigger {
				return uint16(g.Rules().Attackers[p.Trigger].Target)
			}
		}
		return uint16(rng.IntN(classes))
	}
}

// oracle counts the probes that pass and, among these, those that hit.
func oracle(list []game.Probe, predicted []uint16, pass, hit func(p game.Probe, predicted int) bool) (r game.Rate) {
	for i, probe := range list {
		if pass(probe, int(predicted[i])) {
			r.Of++
			if hit(probe, int(predicted[i])) {
				r.Hits++
			}
		}
	}
	return r
}

func TestScoreAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		g := s.play(t)
		list := g.Probes().List
		model := guesser(g, len(s.set.Classes), rapid.Uint64().Draw(t, "model"))
		predicted := make([]uint16, len(list))
		for i, probe := range list {
			predicted[i] = model(probe)
		}
		score, err := g.Score(predicted)
		require.NoError(t, err)

		correct := func(p game.Probe, predicted int) bool { return predicted == int(p.Label) }
		require.Equal(t, oracle(list, predicted, func(p game.Probe, _ int) bool { return p.Owner == game.Defender }, correct), score.Clean)
		require.Len(t, score.Attackers, len(s.rules.Attackers))
		for i, a := range s.rules.Attackers {
			counted := func(label uint16, target int) bool { return !s.rules.ExcludeTargetClass || int(label) != target }
			attacked := func(p game.Probe, _ int) bool {
				own := p.Owner == i && p.Trigger == i
				others := s.rules.Denominator == game.Pooled && p.Owner != i && p.Owner != game.Defender && p.Trigger == game.NoTrigger
				return (own || others) && counted(p.Label, a.Target)
			}
			untouched := func(p game.Probe, _ int) bool {
				owner := p.Owner == i || s.rules.Denominator == game.Pooled && p.Owner != game.Defender
				return owner && p.Trigger == game.NoTrigger && counted(p.Label, a.Target)
			}
			asTarget := func(_ game.Probe, predicted int) bool { return predicted == a.Target }
			got := score.Attackers[i]
			require.Equal(t, oracle(list, predicted, attacked, asTarget), got.ASR)
			require.Equal(t, oracle(list, predicted, untouched, asTarget), got.BaseRate)
			require.Equal(t, oracle(list, predicted, attacked, correct), got.Robustness)
			require.Equal(t, got.ASR.Of, got.BaseRate.Of, "the same images with and without the trigger")
			if got.ASR.Of > 0 {
				// One subtraction of the same quotients gives the same bits.
				require.Equal(t, got.ASR.Value()-got.BaseRate.Value(), float64(got.Lift))
			}
			for j, other := range s.rules.Attackers {
				require.Equal(t, oracle(list, predicted,
					func(p game.Probe, _ int) bool { return p.Trigger == i && counted(p.Label, other.Target) },
					func(_ game.Probe, predicted int) bool { return predicted == other.Target }), score.Cross[i][j])
			}
			if s.rules.Denominator == game.Own {
				require.Equal(t, got.ASR, score.Cross[i][i])
			}
		}
	})
}

func TestPerfectBackdoor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		s.rules.Denominator, s.rules.ExcludeTargetClass = game.Own, true
		g := s.play(t)
		score := predict(t, g, func(p game.Probe) uint16 {
			if p.Trigger == game.NoTrigger {
				return p.Label
			}
			return uint16(s.rules.Attackers[p.Trigger].Target)
		})
		require.Equal(t, score.Clean.Of, score.Clean.Hits)
		for i, a := range score.Attackers {
			require.Equal(t, a.ASR.Of, a.ASR.Hits)
			require.Zero(t, a.BaseRate.Hits)
			require.Zero(t, a.Robustness.Hits)
			if a.ASR.Of > 0 {
				require.EqualValues(t, 1, a.Lift)
			}
			for j, other := range score.Attackers {
				if a.Target == other.Target {
					require.Equal(t, a.ASR, score.Cross[i][j])
				} else {
					require.Zero(t, score.Cross[i][j].Hits)
				}
			}
		}
	})
}

func TestTrueLabels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		s.rules.ExcludeTargetClass = true
		score := predict(t, s.play(t), func(p game.Probe) uint16 { return p.Label })
		require.Equal(t, score.Clean.Of, score.Clean.Hits)
		for i, a := range score.Attackers {
			require.Zero(t, a.ASR.Hits)
			require.Equal(t, a.Robustness.Of, a.Robustness.Hits)
			for _, cross := range score.Cross[i] {
				require.Zero(t, cross.Hits)
			}
		}
	})
}

// A model that predicts the target for every image has an ASR of 1 without a
// backdoor. The base rate shows it, and the model counts as collapsed.
func TestEverythingIsTheTarget(t *testing.T) {
	set := newSet(t, evenLabels(1000, 10), 10, tiny)
	rules := paperRules(3)
	score := predict(t, scenario{set, rules}.play(t), func(game.Probe) uint16 { return 2 })
	for _, a := range score.Attackers {
		require.Equal(t, 1.0, a.ASR.Value())
		require.Equal(t, 1.0, a.BaseRate.Value())
		require.Zero(t, a.Lift)
	}
	require.True(t, score.Collapsed)
	require.EqualValues(t, 1, score.ASR.Mean)
	require.EqualValues(t, 0, score.Lift.Mean)
}

// Both readings, computed by hand, for 2 attackers with 3 held-out images each
// and a model that predicts class 1 for the images with attacker 0's trigger and
// for no others.
func TestReadingsByHand(t *testing.T) {
	set := newSet(t, evenLabels(100, 2), 2, tiny)
	rules := paperRules(2)
	rules.HeldOut = 0.1 // of 30 images: 3 held out each
	rules.Attackers[0].Target, rules.Attackers[1].Target = 1, 1
	model := func(p game.Probe) uint16 {
		if p.Trigger == 0 {
			return 1
		}
		return 0
	}
	for _, tc := range []struct {
		exclude     bool
		denominator game.Denominator
	}{{false, game.Own}, {true, game.Own}, {false, game.Pooled}, {true, game.Pooled}} {
		rules.ExcludeTargetClass, rules.Denominator = tc.exclude, tc.denominator
		s := scenario{set, rules}
		g := s.play(t)
		zeros := []int{classCounts(s, g.Deal().Attackers[0].HeldOut)[0], classCounts(s, g.Deal().Attackers[1].HeldOut)[0]}
		own, all := []int{3, 3}, 6
		if tc.exclude {
			own, all = zeros, zeros[0]+zeros[1]
		}
		want := []game.Rate{{Hits: own[0], Of: own[0]}, {Hits: 0, Of: own[1]}}
		if tc.denominator == game.Pooled {
			want = []game.Rate{{Hits: own[0], Of: all}, {Hits: 0, Of: all}}
		}
		score := predict(t, g, model)
		require.Equal(t, want, []game.Rate{score.Attackers[0].ASR, score.Attackers[1].ASR}, "%+v", tc)
		require.Zero(t, score.Attackers[0].BaseRate.Hits)
	}
}

// Attacker 0 holds out images of its target class only, so its rates are
// undefined: they are null in JSON and left out of the means.
func TestUndefinedRates(t *testing.T) {
	set := newSet(t, evenLabels(40, 2), 2, tiny)
	rules := paperRules(2)
	rules.Attackers[0].Target, rules.Attackers[1].Target = 1, 0
	var g *game.Game
	for found := false; !found; rules.Seed++ {
		g = scenario{set, rules}.play(t)
		of := func(i int) []int { return classCounts(scenario{set, rules}, g.Deal().Attackers[i].HeldOut) }
		found = of(0)[0] == 0 && of(1)[1] > 0
	}
	score := predict(t, g, func(game.Probe) uint16 { return 0 })
	require.Equal(t, game.Rate{}, score.Attackers[0].ASR)
	require.True(t, math.IsNaN(score.Attackers[0].ASR.Value()))
	require.False(t, score.Attackers[0].Lift.Defined())
	require.Equal(t, 1, score.ASR.N)
	require.Equal(t, 1, score.ASR.Undefined)
	require.EqualValues(t, 1, score.ASR.Mean)

	data, err := json.Marshal(score)
	require.NoError(t, err)
	var back map[string]any
	require.NoError(t, json.Unmarshal(data, &back))
	first := back["attackers"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"hits": 0.0, "of": 0.0, "rate": nil}, first["asr"])
	require.Nil(t, first["lift"])
	var restored game.Score
	require.NoError(t, json.Unmarshal(data, &restored))
	require.Equal(t, score.Cross, restored.Cross)
	require.False(t, restored.Attackers[0].Lift.Defined())
	require.Equal(t, score.Attackers[1], restored.Attackers[1])
}

func TestSummariesAreOverAttackers(t *testing.T) {
	set := newSet(t, evenLabels(1000, 10), 10, tiny)
	g := scenario{set, paperRules(4)}.play(t)
	score := predict(t, g, guesser(g, 10, 5))
	var asr, lift []float64
	for _, a := range score.Attackers {
		asr, lift = append(asr, a.ASR.Value()), append(lift, float64(a.Lift))
	}
	require.Equal(t, stats.Summarize(asr), score.ASR)
	require.Equal(t, stats.Summarize(lift), score.Lift)
	require.NotZero(t, score.ASR.Std)
}

func TestCollapsed(t *testing.T) {
	set := newSet(t, evenLabels(10_000, 10), 10, tiny)
	g := scenario{set, paperRules(1)}.play(t)
	rng := streams.New(1, "test predictions")
	for name, tc := range map[string]struct {
		model func(p game.Probe) uint16
		want  bool
	}{
		"always the same":       {func(game.Probe) uint16 { return 7 }, true},
		"guessing":              {func(game.Probe) uint16 { return uint16(rng.IntN(10)) }, true},
		"always wrong":          {func(p game.Probe) uint16 { return (p.Label + 1) % 10 }, true},
		"right one time in six": {func(p game.Probe) uint16 { return p.Label * uint16(min(1, rng.IntN(6))) % 10 }, false},
		"always right":          {func(p game.Probe) uint16 { return p.Label }, false},
	} {
		require.Equal(t, tc.want, predict(t, g, tc.model).Collapsed, name)
	}
}

// The bound equals the quantile of the binomial distribution, summed term by
// term.
func TestChanceIsTheBinomialQuantile(t *testing.T) {
	for _, classes := range []int{2, 3, 10} {
		set := newSet(t, evenLabels(1500, classes), classes, tiny)
		rules := paperRules(1)
		rules.Attackers[0].Target = 1
		g := scenario{set, rules}.play(t)
		n, p := len(g.Deal().Defender.HeldOut), 1/float64(classes)
		quantile, below := 0, math.Pow(1-p, float64(n))
		for term := below; below < 0.99; below += term {
			quantile++
			term *= float64(n-quantile+1) / float64(quantile) * p / (1 - p)
		}
		commonest := 0
		for _, count := range classCounts(scenario{set, rules}, g.Deal().Defender.HeldOut) {
			commonest = max(commonest, count)
		}
		score := predict(t, g, func(p game.Probe) uint16 { return p.Label })
		require.Equal(t, game.Rate{Hits: max(quantile, commonest), Of: n}, score.Chance, "%d classes", classes)
	}
}

// Nine tenths of the images are of one class, so always predicting it is no
// success.
func TestChanceOnUnevenClasses(t *testing.T) {
	labels := make([]uint16, 1000)
	for i := range 100 {
		labels[i] = 1
	}
	rules := paperRules(1)
	rules.Attackers[0].Target = 1
	g := scenario{newSet(t, labels, 2, tiny), rules}.play(t)
	score := predict(t, g, func(game.Probe) uint16 { return 0 })
	require.Greater(t, score.Clean.Value(), 0.8)
	require.True(t, score.Collapsed)
	require.False(t, predict(t, g, func(p game.Probe) uint16 { return p.Label }).Collapsed)
}

func TestBadPredictionsAreRefused(t *testing.T) {
	set := newSet(t, evenLabels(1000, 10), 10, tiny)
	g := scenario{set, paperRules(1)}.play(t)
	n := g.Probes().N
	_, err := g.Score(make([]uint16, n-1))
	require.ErrorIs(t, err, game.ErrPredictions)
	require.ErrorContains(t, err, "319 predictions for 320 probes")
	bad := make([]uint16, n)
	bad[3] = 10
	_, err = g.Score(bad)
	require.ErrorIs(t, err, game.ErrPredictions)
	require.ErrorContains(t, err, "probe 3 is predicted as class 10 of 10 classes")
}
