package enginetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/game"
)

// tinyPoint is a point with settings over those of tinyConfig.
func TinyPoint(t require.TestingT, name string, change func(*config.Config)) plan.SweepPoint {
	cfg, err := Config()
	require.NoError(t, err)
	change(&cfg)
	return plan.SweepPoint{Name: name, Keys: map[string]string{"name": name}, Config: cfg}
}

func NewSweep(t require.TestingT, points ...plan.SweepPoint) *plan.Sweep {
	sweep, err := plan.NewSweep(context.Background(), points, Loader)
	require.NoError(t, err)
	return sweep
}

// verified asks the triggers of the tiny configuration for a single ASR.
func Verified(bound float64) func(*config.Config) {
	return func(c *config.Config) { c.Trigger.MinSingleASR = bound }
}

// wanted lists the titles of the decided and of the waiting cells of a stage.
func Wanted(stage *plan.Worklist) (decided, waiting []string) {
	for _, want := range stage.Tasks {
		if want.Waits {
			waiting = append(waiting, want.Title)
		} else {
			decided = append(decided, want.Title)
		}
	}
	return decided, waiting
}

// after is the stage of a sweep after findings, by the titles of their cells.
func After(t *testing.T, sweep *plan.Sweep, asr map[string]plan.KnownResult) *plan.Worklist {
	t.Helper()
	found := plan.Known{}
	for {
		stage, err := sweep.Worklist(found)
		require.NoError(t, err)
		known := len(found)
		for _, want := range stage.Tasks {
			if finding, ok := asr[want.Title]; ok && !want.Waits {
				found[want.Hash] = finding
			}
		}
		if len(found) == known {
			return stage
		}
	}
}

// percentOf is a finding with an ASR in percent.
func PercentOf(hits int) plan.KnownResult {
	return plan.KnownResult{ASR: game.Rate{Hits: hits, Of: 100}}
}
