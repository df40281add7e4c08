package config_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/config"
)

// The first training has the seed that it has alone, and no two trainings share one.
func TestTrainingSeeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := config.Config{Seed: rapid.Uint64().Draw(t, "seed")}
		cfg.Seeds.Trainings = rapid.IntRange(0, 20).Draw(t, "trainings")
		if rapid.Bool().Draw(t, "own") {
			own := rapid.Uint64().Draw(t, "training")
			cfg.Seeds.Training = &own
		}
		seeds := cfg.TrainingSeeds()
		require.Len(t, seeds, max(1, cfg.Seeds.Trainings))
		require.Equal(t, cfg.TrainingSeed(), seeds[0])
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(seeds))), len(seeds))
		more := cfg
		more.Seeds.Trainings += 3
		require.Equal(t, seeds, more.TrainingSeeds()[:len(seeds)], "more trainings keep those that there are")
	})
}

// A sweep has a point for each training: of one seed the first trainings of all points, then
// the second ones. Triggers are verified with the seed of the first.
func TestSweepOfTrainings(t *testing.T) {
	set := []string{"seeds.trainings=3", "trigger.min_single_asr=0.5"}
	once, err := config.LoadSweep("table1", config.Options{Preset: "quick", Sets: set[1:]}, 2)
	require.NoError(t, err)
	again, err := config.LoadSweep("table1", config.Options{Preset: "quick", Sets: set}, 2)
	require.NoError(t, err)
	require.Len(t, again.Points, 3*len(once.Points))
	each := len(once.Points) / 2
	for i, point := range again.Points {
		seed, training, at := i/(3*each), i/each%3, i%each
		like := once.Points[seed*each+at]
		require.Equal(t, training+1, point.Training)
		require.Equal(t, like.Keys, point.Keys)
		require.Equal(t, like.Name, point.Name)
		require.Equal(t, like.Config.Seed, point.Config.Seed)
		require.Equal(t, like.Config.DealSeed(), point.Config.DealSeed())
		require.Equal(t, like.Config.TriggerSeed(), point.Config.TriggerSeed())
		verified := like.Config
		if like.Verify != nil {
			verified = *like.Verify
		}
		verifying := point.Config
		if point.Verify != nil {
			verifying = *point.Verify
		}
		require.Equal(t, verified.TrainingSeed(), verifying.TrainingSeed(), fmt.Sprint(i))
		if training == 0 {
			require.Equal(t, like.Config.TrainingSeed(), point.Config.TrainingSeed())
		} else {
			require.NotEqual(t, like.Config.TrainingSeed(), point.Config.TrainingSeed())
		}
	}
}

func TestTooManyTrainings(t *testing.T) {
	_, err := config.LoadSweep("table1", config.Options{Preset: "quick", Sets: []string{"seeds.trainings=5000"}}, 2)
	require.ErrorIs(t, err, config.ErrInvalid)
	require.ErrorContains(t, err, "with all of their trainings")
}
