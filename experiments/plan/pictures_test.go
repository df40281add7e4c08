package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets/testset"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

func TestPicturesThatDoNotFitAreRefused(t *testing.T) {
	good := enginetest.PictureFile(t, "good.png", 8, 7)
	set, err := testset.New(1)
	require.NoError(t, err)
	text := filepath.Join(t.TempDir(), "text.png")
	require.NoError(t, os.WriteFile(text, []byte("text"), 0o600))
	for says, files := range map[string][]string{
		"it has 9 x 9 pixels, the images 8 x 8 (height x width): backfire import-trigger --size 8x8": {good, enginetest.PictureFile(t, "nine.png", 9, 0)},
		"it is no PNG file": {text, good},
		"no such file":      {good, "nowhere.png"},
		game.ErrCollision.Error() + ": choose another picture": {good, enginetest.PictureFile(t, "same.png", 8, 7)},
	} {
		_, err := plan.New(enginetest.Pictured(t, files...), set)
		require.ErrorIs(t, err, cell.ErrPlan)
		require.ErrorContains(t, err, says)
	}
	cfg := enginetest.Pictured(t, good)
	colluding(&cfg)
	_, err = plan.New(cfg, set)
	require.NoError(t, err, "a colluder has its leader's")
	plan := enginetest.DefendedPlan(t, cfg)
	cell, _ := plan.Cell(plan.Games[0].Cell)
	cell.Game.Attackers[0].Draw, cell.Game.Attackers[1].Draw = 1, 1
	require.ErrorContains(t, cell.Game.Validate(set), "its trigger is a picture, which is not drawn")
}

// A picture has no other draw: the game is played with it even if its single ASR is too low.
func TestPicturesAreTriedOnce(t *testing.T) {
	sweep := enginetest.NewSweep(t, plan.SweepPoint{Keys: map[string]string{}, Config: func() config.Config {
		cfg := enginetest.Pictured(t, enginetest.PictureFile(t, "a.png", 8, 0), enginetest.PictureFile(t, "b.png", 8, 9))
		enginetest.Verified(0.8)(&cfg)
		return cfg
	}()})
	worklist := enginetest.After(t, sweep, map[string]plan.KnownResult{enginetest.Verifying(0, 2, 1): enginetest.PercentOf(10)})
	decided, waiting := enginetest.Wanted(worklist)
	require.Equal(t, []string{enginetest.Verifying(0, 2, 1), "attacker 0 alone on 2 seats", "N = 2"}, decided)
	require.Empty(t, waiting)
	require.Len(t, worklist.Plans[0].Candidates[0], 1)
}

// Each family of triggers is played under its own name; those that cover their box have no p2.
// The configuration has all kinds of triggers and all readings of their size.
func TestConfigKnowsTheTriggers(t *testing.T) {
	for _, key := range config.Keys() {
		switch key.Name {
		case "trigger.kind":
			words := []string{"random"}
			for _, kind := range triggers.Kinds() {
				words = append(words, string(kind))
			}
			require.ElementsMatch(t, words, key.Oneof)
		case "trigger.range":
			var words []string
			for _, each := range triggers.Ranges() {
				words = append(words, string(each))
			}
			require.Equal(t, words, key.Oneof)
		}
	}
}

func TestFamiliesArePlanned(t *testing.T) {
	for kind, want := range map[string]triggers.Spec{
		"random":       {P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"square":       {Kind: triggers.Square, P1: 0.5, P2: 1, Range: triggers.PerDimension},
		"checkerboard": {Kind: triggers.Checkerboard, P1: 0.5, P2: 1, Range: triggers.PerDimension},
		"dots":         {Kind: triggers.Dots, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"blended":      {Kind: triggers.Blended, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"low_variance": {Kind: triggers.LowVariance, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"sinusoidal":   {Kind: triggers.Sinusoidal, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"orthogonal":   {Kind: triggers.Orthogonal, P1: 0.5, P2: 0.4, Range: triggers.PerDimension},
		"random whole": {P2: 0.4, Range: triggers.Whole},
		"square whole": {Kind: triggers.Square, P2: 1, Range: triggers.Whole},
	} {
		kind, _, isWhole := strings.Cut(kind, " ")
		cfg, err := enginetest.Config()
		require.NoError(t, err)
		p2 := 0.4
		cfg.Trigger.Kind, cfg.Attackers.P2, cfg.Attackers.Counts = kind, &p2, []int{2}
		if isWhole {
			cfg.Trigger.Range = "whole"
		}
		require.NoError(t, cfg.Validate())
		plan := enginetest.DefendedPlan(t, cfg)
		twin, _ := plan.Cell(plan.Games[0].Cell)
		require.Equal(t, want, twin.Game.Attackers[0].Trigger)
		_, training, _ := enginetest.TrainingOf(t, twin)
		require.NotEmpty(t, training.Rows)
		require.Equal(t, string(want.Kind), cell.ReadingsOf(twin.Game).TriggerKind)
	}
}
