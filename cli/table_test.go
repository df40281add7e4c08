package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/report"
)

func TestTableFlags(t *testing.T) {
	streams, out, _ := testStreams()
	var got *SweepOptions
	runF := func(_ context.Context, opts *SweepOptions) error { got = opts; return nil }
	table := newCmdTable(streams, runF)
	table.SilenceErrors, table.SilenceUsage = true, true
	table.SetArgs([]string{"2", "--dataset", "all", "--seeds", "3"})
	require.NoError(t, table.Execute())
	require.Equal(t, "table2", got.Sweep)
	require.Equal(t, report.Table2, got.Kind)
	require.Equal(t, 3, got.Seeds)
	require.Equal(t, map[string]string{"data.name": "all"}, got.Config.Flags)

	for _, args := range [][]string{{"4"}, {"1", "2"}} {
		table.SetArgs(args)
		require.Error(t, table.Execute(), args)
	}
	code, _, errOut := runMain(t, "table", "4")
	require.Equal(t, ExitUsage, code)
	require.Contains(t, errOut, `"4"`)

	got = nil
	table.SetArgs([]string{})
	require.NoError(t, table.Execute())
	require.Nil(t, got)
	for _, words := range []string{"1         ASR by number", "2 ", "3 ", "backfire sweep FILE"} {
		require.Contains(t, out.String(), words)
	}
}

// Every table of the paper has a sweep, and can be planned on the images inside
// the program.
func TestTablesCanBePlanned(t *testing.T) {
	models := map[string]int{}
	for _, table := range knownTables {
		opts, _, _ := sweepOptions(t)
		opts.Sweep, opts.Kind, opts.DryRun = table.sweep, table.kind, true
		opts.Estimate = func(_ context.Context, e estimate.Estimator, sweep *plan.Sweep) (*estimate.Estimate, error) {
			models[table.name] = len(sweep.Cells)
			return noEstimate(context.Background(), e, sweep)
		}
		require.NoError(t, runSweep(context.Background(), opts), table.name)
	}
	require.Equal(t, map[string]int{"1": 5 + 5 + 4 + 6 + 1, "2": 4 + 7 + 4, "3": 4 + 4 + 2*4 + (1 + 2 + 5 + 10), "defenses": 52 + 2*2*5, "labels": 12, "vote": 57}, models)
	require.Len(t, config.Sweeps(), len(knownTables)+1, "table 3 has one for each choice of readings")
}

// Only table 3 has other readings.
func TestReadingsOfTable3(t *testing.T) {
	for _, tc := range []struct {
		args        []string
		sweep, want string
	}{
		{[]string{"3"}, "table3", ""},
		{[]string{"3", "--readings", "as-reported"}, "table3-as-reported", ""},
		{[]string{"1", "--readings", "as-reported"}, "", "table: --readings as-reported: only table 3 has it"},
		{[]string{"3", "--readings", "other"}, "", "table: --readings other: must be plain or as-reported"},
	} {
		streams, _, _ := testStreams()
		var got *SweepOptions
		table := newCmdTable(streams, func(_ context.Context, opts *SweepOptions) error {
			got = opts
			return nil
		})
		table.SilenceErrors, table.SilenceUsage = true, true
		table.SetArgs(tc.args)
		err := table.Execute()
		if tc.want != "" {
			require.EqualError(t, err, tc.want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, tc.sweep, got.Sweep)
		require.Equal(t, report.Table3, got.Kind)
	}
}

// A table of the paper, in seconds: the layout with real results.
func TestTableOfThePaper(t *testing.T) {
	opts, out, _ := sweepOptions(t, "pool.size=300", "model.width=2", "train.epochs=1", "trigger.min_single_asr=0")
	opts.Sweep, opts.Kind = "table1", report.Table1
	require.NoError(t, runSweep(context.Background(), opts))
	require.Contains(t, out(), "Table 1 on embedded")
	for _, row := range []string{"each alone, at 0.2", "N = 1, at 0.2", "N = 5, all at 0.2", "N = 5, attacker 0 at 0.4", "N = 5, all at 0.9", "N = 5, attacker 0 at p0 = 0.4", "N = 5, attacker 0 at p1 = p2 = 0.4", "N = 5, all at p0 = 0.9", "N = 5, all at p1 = p2 = 0.9"} {
		require.Regexp(t, `(?m)^`+row+`( \[[a-z,]+\])? +\d`, out())
	}
	require.Contains(t, out(), "has no figures for embedded")
	require.Contains(t, out(), "C3 mutually assured destruction: UNDECIDED")
	require.NotContains(t, out(), "No result")
	text, err := os.ReadFile(filepath.Join(opts.Out, "table1-embedded.txt"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out(), string(text)))
}

// The source of the claims' figures: the store.
func TestResultOfACellThatIsNotStored(t *testing.T) {
	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	_, err = resultsOf(st)(strings.Repeat("0", 64))
	require.ErrorIs(t, err, store.ErrNotStored)
}
