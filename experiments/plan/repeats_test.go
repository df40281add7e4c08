package plan_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
)

func TestRepeatedPixelsAreToldForEachDataset(t *testing.T) {
	made, err := testset.New(1)
	require.NoError(t, err)
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	lines := func(images []uint8, counts ...int) ([]string, *plan.Sweep) {
		set, err := datasets.New(made.Name, images, made.Labels, made.C, made.H, made.W, made.Classes)
		require.NoError(t, err)
		one := cfg
		one.Attackers.Counts = counts
		load := func(context.Context, datasets.Source) (*datasets.Set, error) { return set, nil }
		sweep, err := plan.NewSweep(t.Context(), []plan.SweepPoint{{Config: one}}, load)
		require.NoError(t, err)
		return sweep.RepeatLines(), sweep
	}
	told, _ := lines(made.Images, 2)
	require.Empty(t, told, "no two images of the set are equal")

	images := slices.Clone(made.Images)
	half := len(images) / 2
	copy(images[half:], images[:half])
	told, sweep := lines(images, 4)
	require.Len(t, told, 1)
	require.Regexp(t, "^tiny: equal pixels across the deal \\(the most of [0-9]+ games\\): [0-9]+ contributed images", told[0])
	set, err := datasets.New(made.Name, images, made.Labels, made.C, made.H, made.W, made.Classes)
	require.NoError(t, err)
	var most game.Repeats
	for _, c := range sweep.Cells {
		deal, err := c.Game.Deal(set)
		require.NoError(t, err)
		most = most.Most(deal.Repeats(set))
	}
	require.Contains(t, told[0], most.Line())
	require.Positive(t, most.HeldOutElsewhere)
}
