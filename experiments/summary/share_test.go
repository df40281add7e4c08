package summary_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// Runners that share a sweep train each cell once, with the bits of one runner,
// also where results decide what else is asked for.
func TestSharedSweepIsThatOfOneRunner(t *testing.T) {
	want, content1 := undisturbedSweep(t)
	st := enginetest.OpenStore(t)
	trained := 0
	for _, outcome := range runtest.Sharers(t, st, weakSweep(t), 3, enginetest.Fault{}) {
		trained += outcome.Trained
		require.Empty(t, outcome.Failed)
		require.Zero(t, outcome.Left)
		require.Equal(t, outcome.Cells, outcome.Trained+outcome.Stored)
	}
	sweep := weakSweep(t)
	summary, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	require.Equal(t, want, asJSON(t, summary))
	require.Equal(t, content1, enginetest.Content(t, st))
	progress, err := runner.ProgressOf(sweep, st)
	require.NoError(t, err)
	require.Equal(t, &runner.Progress{Cells: trained, Stored: trained, Running: []runner.Running{}, Failed: []store.GivenUp{}}, progress)
	enginetest.RequireNoLeftovers(t, st)
}
