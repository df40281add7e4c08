package game_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/datasets"
	"backfire/game"
	"backfire/internal/streams"
	"backfire/triggers"
)

// stampedCopy returns a copy of a dataset's image with the trigger of attacker a,
// by the formula x(1-l) + ml.
func stampedCopy(t require.TestingT, set *datasets.Set, rules game.Rules, a game.Attacker, source int) []uint8 {
	shape := triggers.Shape{C: set.C, H: set.H, W: set.W}
	generator, err := triggers.NewGenerator(shape, a.Trigger)
	require.NoError(t, err)
	rng := streams.New(rules.Seed, "trigger", uint64(a.ID))
	if rules.Sampling == game.PerImage {
		rng = streams.New(rules.Seed, "trigger image", uint64(a.ID), uint64(source))
	}
	trigger := generator.Draw(rng)
	img := bytes.Clone(set.Image(source))
	for v := range img {
		l := trigger.Mask[v%shape.Plane()]
		img[v] = img[v]*(1-l) + trigger.Pattern[v]*l
	}
	return img
}

func TestTrainingSetIsWhatWasContributed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		before := bytes.Clone(s.set.Images)
		g := s.play(t)
		training := g.Training()
		require.Equal(t, training, g.Training(), "a second call builds an equal set")
		require.Equal(t, before, s.set.Images, "the dataset is unchanged")

		var sources, owners []int
		for _, share := range shares(g.Deal()) {
			for _, source := range share.Contributed {
				sources, owners = append(sources, source), append(owners, share.Owner)
			}
		}
		require.Len(t, training.Rows, len(sources))
		require.Len(t, training.Labels, len(sources))
		size := training.Shape.Size()
		require.Len(t, training.Images, len(sources)*size)
		require.Equal(t, len(training.Images), cap(training.Images), "one allocation of the exact size")

		for i, row := range training.Rows {
			require.Equal(t, sources[i], row.Source)
			require.Equal(t, owners[i], row.Owner)
			require.Equal(t, s.set.Labels[row.Source], row.Old)
			require.Equal(t, training.Labels[i], row.New)
			want := s.set.Image(row.Source)
			if row.Trigger == game.NoTrigger {
				require.Equal(t, row.Old, row.New)
			} else {
				require.Equal(t, row.Owner, row.Trigger)
				a := s.rules.Attackers[row.Trigger]
				want = stampedCopy(t, s.set, s.rules, a, row.Source)
				require.EqualValues(t, a.Target, row.New)
				if a.Budget == game.NonTarget {
					require.Equal(t, a.LabelMode == game.CleanLabel, row.Old == row.New)
				}
			}
			require.Equal(t, want, training.Images[i*size:(i+1)*size], "row %d: %+v", i, row)
		}
	})
}

func TestPoisonCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		g := s.play(t)
		score, err := g.Score(make([]uint16, g.Probes().N))
		require.NoError(t, err)
		poisoned := make([]int, len(s.rules.Attackers))
		for _, row := range g.Training().Rows {
			if row.Trigger != game.NoTrigger {
				poisoned[row.Trigger]++
			}
		}
		for i, a := range s.rules.Attackers {
			share := g.Deal().Attackers[i]
			ofTarget := classCounts(s, share.Contributed)[a.Target]
			budget, candidates := round(a.PoisonRate, len(share.Contributed)), len(share.Contributed)-ofTarget
			if a.LabelMode == game.CleanLabel {
				budget, candidates = round(a.PoisonRate, ofTarget), ofTarget
			}
			if a.Budget == game.AnyImage {
				candidates = len(share.Contributed)
			}
			require.Equal(t, min(budget, candidates), poisoned[i], "attacker %+v", a)
			got := score.Attackers[i]
			require.Equal(t, []int{a.ID, a.Target, budget, poisoned[i], len(share.Contributed), len(share.HeldOut)},
				[]int{got.ID, int(got.Target), got.Budget, got.Poisoned, got.Contributed, got.HeldOut})
		}
	})
}

// Half of the images are of the target class, but p0 asks for 90 %: the other
// half is poisoned, and the score shows both numbers.
func TestPoisonIsCapped(t *testing.T) {
	set := newSet(t, evenLabels(1000, 2), 2, tiny)
	rules := paperRules(1)
	rules.Attackers[0].Target, rules.Attackers[0].PoisonRate = 1, 0.9
	g := scenario{set, rules}.play(t)
	score, err := g.Score(make([]uint16, g.Probes().N))
	require.NoError(t, err)
	a := score.Attackers[0]
	require.Equal(t, 480, a.Contributed)
	require.Equal(t, 432, a.Budget)
	require.Equal(t, a.Contributed-classCounts(scenario{set, rules}, g.Deal().Attackers[0].Contributed)[1], a.Poisoned)
	require.Less(t, a.Poisoned, a.Budget)
}

// An attacker that may poison any image poisons all that p0 asks for. Those of the
// target class are stamped and keep their label.
func TestPoisonOfAnyImage(t *testing.T) {
	set := newSet(t, evenLabels(1000, 2), 2, tiny)
	rules := paperRules(1)
	rules.Attackers[0].Target, rules.Attackers[0].PoisonRate, rules.Attackers[0].Budget = 1, 0.9, game.AnyImage
	g := scenario{set, rules}.play(t)
	score, err := g.Score(make([]uint16, g.Probes().N))
	require.NoError(t, err)
	require.Equal(t, 432, score.Attackers[0].Poisoned)
	ofTarget := 0
	for _, row := range g.Training().Rows {
		if row.Trigger == 0 && row.Old == 1 {
			ofTarget++
			require.EqualValues(t, 1, row.New)
		}
	}
	// 432 of 480 images, about half of which are of the target class.
	require.InDelta(t, 216, ofTarget, 30)
	rules.Attackers[0].Budget = "some"
	require.ErrorContains(t, rules.Validate(set), `attacker 0: budget is "some": it must be empty or, with dirty labels, any`)
	rules.Attackers[0].Budget, rules.Attackers[0].LabelMode = game.AnyImage, game.CleanLabel
	require.ErrorIs(t, rules.Validate(set), game.ErrRules)
}

// poisonedSources returns the images that the first attacker poisons.
func poisonedSources(g *game.Game) (sources []int) {
	for _, row := range g.Training().Rows {
		if row.Trigger == 0 {
			sources = append(sources, row.Source)
		}
	}
	return sources
}

func TestHigherPoisonRatePoisonsTheSameAndMore(t *testing.T) {
	set := newSet(t, evenLabels(500, 5), 5, tiny)
	var before []int
	for _, p0 := range []float64{0.1, 0.2, 0.4, 0.9} {
		rules := paperRules(2)
		rules.Attackers[0].PoisonRate = p0
		now := poisonedSources(scenario{set, rules}.play(t))
		require.Greater(t, len(now), len(before))
		require.Subset(t, now, before)
		before = now
	}
}

// The choice depends on the attacker's ID, not on the other attackers.
func TestPoisonFollowsTheID(t *testing.T) {
	set := newSet(t, evenLabels(500, 5), 5, tiny)
	alone, other := paperRules(1), paperRules(1)
	other.Attackers[0].ID = 1
	require.NotEqual(t, poisonedSources(scenario{set, alone}.play(t)), poisonedSources(scenario{set, other}.play(t)))

	pair := paperRules(2)
	first := poisonedSources(scenario{set, pair}.play(t))
	pair.Attackers[1].ID = 40
	require.Equal(t, first, poisonedSources(scenario{set, pair}.play(t)))
	slices.Reverse(pair.Attackers)
	require.NotEqual(t, first, poisonedSources(scenario{set, pair}.play(t)))
}
