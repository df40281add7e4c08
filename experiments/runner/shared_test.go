package runner_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// A cell that fails is noted for all runners, with the reason, and not tried by the others of this
// host.
func TestSharedFailureIsTriedByOneOfAHost(t *testing.T) {
	sweep := enginetest.PlainSweep(t)
	cell, err := sweep.Cells[0].Hash()
	require.NoError(t, err)
	store := enginetest.OpenStore(t)
	trained := 0
	for _, outcome := range runtest.Sharers(t, store, sweep, 3, enginetest.Fault{Cell: cell, Kind: "fail", Epoch: 2}) {
		trained += outcome.Trained
		require.Len(t, outcome.Failed, 1)
		require.Equal(t, cell, outcome.Failed[0].Cell)
	}
	require.Equal(t, len(sweep.Cells)-1, trained)
	hash, err := sweep.Hash()
	require.NoError(t, err)
	given, err := store.GivenUp(hash)
	require.NoError(t, err)
	require.Len(t, given, 1)
	require.Contains(t, given[0].Error, "no luck")
	require.Len(t, given[0].Hosts, 1)
	require.False(t, given[0].Final)
	progress, err := runner.ProgressOf(sweep, store)
	require.NoError(t, err)
	require.Equal(t, given, progress.Failed)

	require.NoError(t, store.Forgive(hash))
	outcome := runtest.Sharers(t, store, sweep, 1, enginetest.Fault{})[0]
	require.Equal(t, 1, outcome.Trained)
	require.Empty(t, outcome.Failed)
}

// Cells that resume from the states of other cells are started after those, whichever runner trains
// them, so that no part of a training is done twice. The results are those of one runner.
func TestSharedCellsResumeFromEachOthersStates(t *testing.T) {
	cfg := enginetest.UnknownConfig(t)
	cfg.Attackers.Counts, cfg.Train.Epochs, cfg.Defenders = []int{4}, 5, []string{"indexing_sliced", "indexing_unknown"}
	cfg.Defenses.Set("indexing.update", "unlearn")
	sweep, err := plan.NewSweep(context.Background(), []plan.SweepPoint{{Config: cfg}}, enginetest.Loader)
	require.NoError(t, err)
	alone := enginetest.OpenStore(t)
	r, _ := runtest.NewRunner(alone, 1, enginetest.Fault{})
	outcome, err := r.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: len(sweep.Cells), Trained: len(sweep.Cells)}, outcome)

	store, seen := enginetest.OpenStore(t), &enginetest.Recorder{}
	hash, err := sweep.Hash()
	require.NoError(t, err)
	const runners = 3
	errs := make([]error, runners)
	var all sync.WaitGroup
	for i := range runners {
		all.Go(func() {
			r, _ := runtest.NewRunner(store, 2, enginetest.Fault{})
			r.Observer, r.Shared = seen, &runner.SharedRun{Plan: hash, Index: i, Of: runners}
			_, errs[i] = r.RunSweep(context.Background(), sweep)
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Len(t, seen.Of(worker.KindDone), len(sweep.Cells))
	require.Equal(t, enginetest.Content(t, alone), enginetest.Content(t, store))

	worklist, err := sweep.Worklist(plan.Known{})
	require.NoError(t, err)
	followers := 0
	for _, task := range worklist.Tasks {
		if task.After == "" {
			continue
		}
		followers++
		// The end of a training is reported after it is stored: other events may come first.
		trained := slices.IndexFunc(seen.Events, func(e worker.Event) bool {
			return e.Cell == task.After && e.Kind == worker.KindEpoch && e.Epoch == e.Epochs
		})
		resumes := slices.IndexFunc(seen.Events, func(e worker.Event) bool { return e.Cell == task.Hash && e.Kind == worker.KindResumed })
		require.NotEqual(t, -1, resumes, "%s starts from the beginning", task.Title)
		require.Less(t, trained, resumes, task.Title)
	}
	require.Equal(t, 3, followers, "two of the second slice, and the one with an attribution")
}

// A runner that is told to leave stops after a checkpoint, and the next one resumes from it.
func TestLeavingKeepsTheCheckpoint(t *testing.T) {
	sweep, store := enginetest.PlainSweep(t), enginetest.OpenStore(t)
	leave := make(chan struct{})
	r, _ := runtest.NewRunner(store, 1, enginetest.Fault{})
	r.Shared, r.Leave = &runner.SharedRun{Of: 1}, leave
	var once sync.Once
	r.Observer = worker.ObserverFunc(func(e worker.Event) {
		if e.Kind == worker.KindEpoch && e.Epoch == 1 {
			once.Do(func() { close(leave) })
		}
	})
	outcome, err := r.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Zero(t, outcome.Trained)
	require.Equal(t, len(sweep.Cells), outcome.Left)

	again, seen := runtest.NewRunner(store, 1, enginetest.Fault{})
	again.Shared = &runner.SharedRun{Of: 1}
	outcome, err = again.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, len(sweep.Cells), outcome.Trained)
	require.Len(t, seen.Of(worker.KindResumed), 1)
	// A quick worker may write its next checkpoint before it is told.
	epoch := seen.Of(worker.KindResumed)[0].Epoch
	require.GreaterOrEqual(t, epoch, 1)
	require.Less(t, epoch, sweep.Cells[0].Training.Epochs)
	plan, err := enginetest.Plan()
	require.NoError(t, err)
	require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
}

func TestSharedRunTakesSoManyCells(t *testing.T) {
	sweep, store := enginetest.PlainSweep(t), enginetest.OpenStore(t)
	r, _ := runtest.NewRunner(store, 1, enginetest.Fault{})
	r.Shared = &runner.SharedRun{Cells: 2}
	outcome, err := r.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 2, outcome.Trained)
	require.Equal(t, len(sweep.Cells)-2, outcome.Left)
}

// A runner whose cell was taken over, as after a long sleep of its machine, gives the cell up.
func TestLostCellIsLeftToItsNextHolder(t *testing.T) {
	sweep, st := enginetest.PlainSweep(t), enginetest.OpenStore(t)
	r, seen := runtest.NewRunner(st, 1, enginetest.Fault{})
	r.Shared = &runner.SharedRun{Of: 1}
	var lost string
	r.Observer = worker.ObserverFunc(func(e worker.Event) {
		seen.Observe(e)
		if e.Kind == worker.KindEpoch && e.Epoch == 3 && lost == "" {
			lost = e.Cell
			enginetest.TakeOver(t, st, lost)
			time.AfterFunc(500*time.Millisecond, func() { // the other holder dies
				_ = os.RemoveAll(filepath.Join(st.Dir(), ".locks", lost))
			})
		}
	})
	outcome, err := r.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, len(sweep.Cells), outcome.Trained)
	require.Empty(t, outcome.Failed)
	require.Contains(t, seen.Of(worker.KindRetry)[0].Error, store.ErrLost.Error())
}
