package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/report"
	"backfire/report/page"
)

// tinyPaper returns the options of all three tables in seconds, and what they print.
func tinyPaper(t *testing.T, runs string) (opts *SweepOptions, out func() string) {
	t.Helper()
	opts, out, _ = sweepOptions(t, "store="+runs, "pool.size=300", "model.width=1", "train.epochs=1", "trigger.min_single_asr=0")
	opts.Sweep, opts.Kind = "", ""
	return opts, out
}

// The tables of one sweep are those that the command table makes afterwards without any training, to the
// byte.
func TestPaperMakesTheTablesThatTableMakes(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	opts, out := tinyPaper(t, runs)
	together := 0
	opts.Estimate = func(ctx context.Context, e estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
		together = len(sweep.Cells)
		return noEstimate(ctx, e, sweep)
	}
	require.NoError(t, runPaper(context.Background(), opts))
	apart := 0
	for _, known := range knownTables {
		if !known.paper {
			continue
		}
		table, _ := tinyPaper(t, runs)
		table.Worker, table.Sweep, table.Kind = enginetest.NoWorkers, known.sweep, known.kind
		table.Estimate = func(ctx context.Context, e estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
			apart += len(sweep.Cells)
			return noEstimate(ctx, e, sweep)
		}
		require.NoError(t, runSweep(context.Background(), table), known.name)
		name := known.sweep + "-embedded.txt"
		want, err := os.ReadFile(filepath.Join(table.Out, name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(opts.Out, name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
		require.Contains(t, out(), string(want))
	}
	require.Equal(t, apart, together, "no game changes beside those of other tables, which have other numbers of seats")
	require.Empty(t, notes(t, runs), "a finished run leaves no note")
}

// An interrupted run shows no table, has the exit code of an interruption and leaves the note that keeps its models.
func TestPaperThatIsInterrupted(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	opts, out := tinyPaper(t, runs)
	ctx, interrupt := context.WithCancel(context.Background())
	opts.Estimate = func(_ context.Context, e estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
		defer interrupt()
		return noEstimate(context.Background(), e, sweep)
	}
	err := runPaper(ctx, opts)
	require.Equal(t, ExitInterrupted, ExitCode(err), err)
	require.Empty(t, out())
	requireServed(t, runs, "the models of the paper's three tables")
}

// requireServed fails unless "backfire serve" can make the page of the only unfinished run of a store, of which no
// game may be whole yet, and knows its title.
func requireServed(t *testing.T, runs, title string) {
	t.Helper()
	require.Len(t, notes(t, runs), 1)
	st, err := store.OpenExisting(runs)
	require.NoError(t, err)
	source := newServedStore(st, datasets.Source{}, datasets.Load)
	stored, err := source.runs()
	require.NoError(t, err)
	require.Len(t, stored, 1)
	planned := source.planned(context.Background(), &stored[0])
	require.NoError(t, planned.err)
	require.Equal(t, title, planned.origin.Title)
	_, err = source.Page(context.Background(), stored[0].hash)
	if err != nil {
		require.ErrorIs(t, err, page.ErrEmpty)
	}
}

// The command takes the flags of a table, and no argument.
func TestPaperFlags(t *testing.T) {
	streams, _, _ := testStreams()
	var got *SweepOptions
	paper := newCmdPaper(streams, func(_ context.Context, opts *SweepOptions) error { got = opts; return nil })
	paper.SilenceErrors, paper.SilenceUsage = true, true
	paper.SetArgs([]string{"--dataset", "all", "--seeds", "3", "--dry-run"})
	require.NoError(t, paper.Execute())
	require.Equal(t, 3, got.Seeds)
	require.True(t, got.DryRun)
	require.Equal(t, report.Kind(""), got.Kind)
	paper.SetArgs([]string{"1"})
	require.Error(t, paper.Execute())
}

// notes lists the notes of unfinished runs in a store.
func notes(t *testing.T, runs string) []store.OpenRun {
	t.Helper()
	st, err := store.Open(runs)
	require.NoError(t, err)
	open, err := st.OpenRuns()
	require.NoError(t, err)
	return open
}
