package experiments

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/defenses/indexing"
)

// garbageOf lists what can go of a store, whatever its age: what nobody needs, and
// what open runs need.
func garbageOf(t *testing.T, store *Store) (free, open []string) {
	t.Helper()
	garbage, err := store.Garbage(time.Now().Add(time.Hour))
	require.NoError(t, err)
	for _, g := range garbage {
		path, err := filepath.Rel(store.Dir(), g.Path)
		require.NoError(t, err)
		if g.Open == nil {
			require.Empty(t, open, "what open runs need comes last")
			free = append(free, path)
		} else {
			open = append(open, path)
		}
	}
	return free, open
}

// All that a run asks for is noted, the triggers that were drawn and not kept among
// it, and kept until a summary names it.
func TestOpenRunKeepsItsResults(t *testing.T) {
	sweep := newSweep(t, tinyPoint(t, "verified", weakConfig(weakBound)))
	store := openStore(t)
	runner, _ := newRunner(store, 2, fault{})
	runner.CommandLine = "backfire sweep mine.yaml"
	_, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	requireNoLeftovers(t, store)
	runs, err := store.OpenRuns()
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, "backfire sweep mine.yaml", runs[0].Command)
	var noted []string
	for _, cell := range runs[0].Cells {
		require.Empty(t, cell.States)
		noted = append(noted, cell.Cell)
	}
	stored, err := store.Hashes()
	require.NoError(t, err)
	require.Subset(t, noted, stored)
	require.Greater(t, len(stored), len(sweep.Cells), "triggers were drawn again")

	note := filepath.Join(plansDir, runs[0].Sweep, OpenFile)
	free, open := garbageOf(t, store)
	require.Empty(t, free)
	require.ElementsMatch(t, append(slices.Clone(stored), note), open)

	summary, err := SummarizeSweep(sweep, store)
	require.NoError(t, err)
	require.Empty(t, summary.Missing)
	require.NoError(t, summary.Write(context.Background(), store))
	free, open = garbageOf(t, store)
	require.Empty(t, free)
	require.Equal(t, []string{note}, open)
	require.NoError(t, sweep.End(store))
	require.NoError(t, sweep.End(store), "it has ended")
	free, open = garbageOf(t, store)
	require.Empty(t, free)
	require.Empty(t, open)
	require.FileExists(t, filepath.Join(store.PlanDir(runs[0].Sweep), SweepFile))
}

// States and checkpoints are kept as long as an open run has a model to train that
// goes on from them.
func TestOpenRunKeepsStates(t *testing.T) {
	sweep := newSweep(t, tinyPoint(t, "sliced", func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Singles, c.Train.Epochs = []int{4}, 0, 5
		c.Defenders, c.Indexing = []string{"indexing"}, config.Indexing{Mode: string(indexing.Sliced), Models: 2}
	}))
	at := slices.IndexFunc(sweep.Cells, func(c Cell) bool { return c.shared() > 0 })
	require.GreaterOrEqual(t, at, 0)
	names, err := sweep.Cells[at].GoesOnFrom()
	require.NoError(t, err)
	require.Len(t, names, 1)
	last, err := sweep.Cells[at].Hash()
	require.NoError(t, err)
	state := filepath.Join(stateDir, names[0]+stateSuffix)

	store := openStore(t)
	runner, _ := newRunner(store, 1, fault{Cell: last, Kind: "fail", Epoch: 5})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Len(t, outcome.Failed, 1)
	free, open := garbageOf(t, store)
	require.Empty(t, free)
	require.Contains(t, open, state)
	require.Contains(t, open, filepath.Join(workDir, last, checkpointFile))

	runner, _ = newRunner(store, 1, fault{})
	_, err = runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	free, open = garbageOf(t, store)
	require.Equal(t, []string{state}, free, "nobody goes on from it any more")
	require.NotContains(t, open, state)
}

// Whoever removes what an open run needs makes it train that again.
func TestRemoveAnOpenRun(t *testing.T) {
	sweep := newSweep(t, tinyPoint(t, "mine", func(c *config.Config) { c.Attackers.Counts = []int{1} }))
	store := openStore(t)
	runner, _ := newRunner(store, 1, fault{})
	_, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	garbage, err := store.Garbage(time.Now())
	require.NoError(t, err)
	require.Len(t, garbage, 2)
	for _, g := range garbage {
		require.NotNil(t, g.Open)
		require.NoError(t, store.Remove(g))
	}
	entries, err := os.ReadDir(filepath.Join(store.Dir(), plansDir))
	require.NoError(t, err)
	require.Empty(t, entries)
	requireNoLeftovers(t, store)
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 1, outcome.Trained)
}

// What cannot be read might name anything, so that nothing is listed.
func TestGarbageNeedsEveryNote(t *testing.T) {
	store := openStore(t)
	dir := store.PlanDir("ab")
	require.NoError(t, os.MkdirAll(dir, dirMode))
	for _, text := range []string{`{"format": 1, "sweep": "ab"`, `{"format": 2, "sweep": "ab"}`} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, OpenFile), []byte(text), fileMode))
		_, err := store.Garbage(time.Now())
		require.ErrorContains(t, err, OpenFile)
	}
}
