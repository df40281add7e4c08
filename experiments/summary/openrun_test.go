package summary_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// All that a run asks for is noted, the triggers that were drawn and not kept among
// it, and kept until a summary names it.
func TestOpenRunKeepsItsResults(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "verified", enginetest.WeakConfig(enginetest.WeakBound)))
	st := enginetest.OpenStore(t)
	r, _ := runtest.NewRunner(st, 2, enginetest.Fault{})
	r.CommandLine = "backfire sweep mine.yaml"
	_, err := r.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	enginetest.RequireNoLeftovers(t, st)
	runs, err := st.OpenRuns()
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, "backfire sweep mine.yaml", runs[0].Command)
	var noted []string
	for _, cell := range runs[0].Cells {
		require.Empty(t, cell.States)
		noted = append(noted, cell.Cell)
	}
	stored, err := st.Hashes()
	require.NoError(t, err)
	require.Subset(t, noted, stored)
	require.Greater(t, len(stored), len(sweep.Cells), "triggers were redrawn")

	note := filepath.Join(store.PlansDir, runs[0].Sweep, store.OpenFile)
	free, open := enginetest.GarbageOf(t, st)
	require.Empty(t, free)
	require.ElementsMatch(t, append(slices.Clone(stored), note), open)

	summary, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	require.Empty(t, summary.Missing)
	require.NoError(t, summary.Write(context.Background(), st))
	free, open = enginetest.GarbageOf(t, st)
	require.Empty(t, free)
	require.Equal(t, []string{note}, open)
	require.NoError(t, runner.End(sweep, st))
	require.NoError(t, runner.End(sweep, st), "it has ended")
	free, open = enginetest.GarbageOf(t, st)
	require.Empty(t, free)
	require.Empty(t, open)
	require.FileExists(t, filepath.Join(st.PlanDir(runs[0].Sweep), store.SweepFile))
}
