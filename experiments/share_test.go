package experiments

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
)

// sharers starts runners that share a store, each with one worker, and returns
// what each of them did.
func sharers(t *testing.T, store *Store, sweep *Sweep, n int, f fault) []*Outcome {
	t.Helper()
	outcomes, errs := make([]*Outcome, n), make([]error, n)
	hash, err := sweep.Hash()
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			runner, _ := newRunner(store, 1, f)
			runner.Poll = 5 * time.Millisecond
			runner.Share = &Share{Plan: hash, Index: i, Of: n}
			outcomes[i], errs[i] = runner.RunSweep(context.Background(), sweep)
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	return outcomes
}

// Runners that share a sweep train each cell once, with the bits of one runner,
// also where results decide what else is asked for.
func TestSharedSweepIsThatOfOneRunner(t *testing.T) {
	want, content1 := undisturbedSweep(t)
	store := openStore(t)
	trained := 0
	for _, outcome := range sharers(t, store, weakSweep(t), 3, fault{}) {
		trained += outcome.Trained
		require.Empty(t, outcome.Failed)
		require.Zero(t, outcome.Left)
		require.Equal(t, outcome.Cells, outcome.Trained+outcome.Stored)
	}
	sweep := weakSweep(t)
	summary, err := SummarizeSweep(sweep, store)
	require.NoError(t, err)
	require.Equal(t, want, asJSON(t, summary))
	require.Equal(t, content1, content(t, store))
	progress, err := sweep.Progress(store)
	require.NoError(t, err)
	require.Equal(t, &Progress{Cells: trained, Stored: trained, Running: []Running{}, Failed: []GivenUp{}}, progress)
	requireNoLeftovers(t, store)
}

// A cell that fails is noted for all, with the reason, and not tried by the others
// of this host.
func TestSharedFailureIsTriedByOneOfAHost(t *testing.T) {
	sweep := plainSweep(t)
	cell, err := sweep.Cells[0].Hash()
	require.NoError(t, err)
	store := openStore(t)
	trained := 0
	for _, outcome := range sharers(t, store, sweep, 3, fault{Cell: cell, Kind: "fail", Epoch: 2}) {
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
	progress, err := sweep.Progress(store)
	require.NoError(t, err)
	require.Equal(t, given, progress.Failed)

	require.NoError(t, store.Forgive(hash))
	outcome := sharers(t, store, sweep, 1, fault{})[0]
	require.Equal(t, 1, outcome.Trained)
	require.Empty(t, outcome.Failed)
}

// Cells that go on from the states of others are begun after those, whoever trains
// them, so that no part of a training is done twice; the results are those of one
// runner.
func TestSharedCellsGoOnFromEachOthersStates(t *testing.T) {
	cfg := unknownConfig(t)
	cfg.Attackers.Counts, cfg.Train.Epochs, cfg.Defenders = []int{4}, 5, []string{"indexing_sliced", "indexing_unknown"}
	cfg.Indexing.Update = "unlearn"
	sweep, err := NewSweep(context.Background(), []SweepPoint{{Config: cfg}}, loadTiny)
	require.NoError(t, err)
	alone := openStore(t)
	runner, _ := newRunner(alone, 1, fault{})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: len(sweep.Cells), Trained: len(sweep.Cells)}, outcome)

	store, seen := openStore(t), &recorder{}
	hash, err := sweep.Hash()
	require.NoError(t, err)
	const runners = 3
	errs := make([]error, runners)
	var all sync.WaitGroup
	for i := range runners {
		all.Go(func() {
			runner, _ := newRunner(store, 2, fault{})
			runner.Observer, runner.Share = seen, &Share{Plan: hash, Index: i, Of: runners}
			_, errs[i] = runner.RunSweep(context.Background(), sweep)
		})
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Len(t, seen.of(KindDone), len(sweep.Cells))
	require.Equal(t, content(t, alone), content(t, store))

	stage, err := sweep.Stage(Findings{})
	require.NoError(t, err)
	followers := 0
	for _, want := range stage.Wants {
		if want.After == "" {
			continue
		}
		followers++
		// The end of a training is told of after it is stored: others may be ahead.
		trained := slices.IndexFunc(seen.events, func(e Event) bool { return e.Cell == want.After && e.Kind == KindEpoch && e.Epoch == e.Epochs })
		goesOn := slices.IndexFunc(seen.events, func(e Event) bool { return e.Cell == want.Hash && e.Kind == KindResumed })
		require.NotEqual(t, -1, goesOn, "%s begins anew", want.Title)
		require.Less(t, trained, goesOn, want.Title)
	}
	require.Equal(t, 3, followers, "two of the second slice, and the inquiry")
}

// A cell that another one of the host gave up between a runner's look and its claim
// is not tried again.
func TestFailureIsHeardOfAfterTheClaim(t *testing.T) {
	sweep, store := plainSweep(t), openStore(t)
	hash, err := sweep.Hash()
	require.NoError(t, err)
	q, err := newQueue(sharedStore{store}, sharedAgenda{sweep}, time.Millisecond, &Share{Plan: hash}, func(Event) {})
	require.NoError(t, err)
	tries, err := q.shareTasks()
	require.NoError(t, err)
	cell := tries[0]
	claim, err := q.claim(cell)
	require.NoError(t, err)
	given, err := q.givenUpSince(cell)
	require.NoError(t, err)
	require.False(t, given)
	require.NoError(t, store.giveUp(hash, Failure{Cell: cell.Hash, Error: "no luck"}, false))
	given, err = q.givenUpSince(cell)
	require.NoError(t, err)
	require.True(t, given)
	require.Equal(t, []Failure{{Cell: cell.Hash, Error: "no luck"}}, q.givenUp)
	require.NoError(t, claim.Release())
}

// plainSweep is the tiny configuration as a sweep of one point.
func plainSweep(t *testing.T) *Sweep {
	t.Helper()
	cfg, err := tinyConfig()
	require.NoError(t, err)
	sweep, err := NewSweep(context.Background(), []SweepPoint{{Config: cfg}}, loadTiny)
	require.NoError(t, err)
	return sweep
}

// Told to leave, a runner stops after a checkpoint, and the next goes on from it.
func TestLeavingKeepsTheCheckpoint(t *testing.T) {
	sweep, store := plainSweep(t), openStore(t)
	leave := make(chan struct{})
	runner, _ := newRunner(store, 1, fault{})
	runner.Share, runner.Leave = &Share{Of: 1}, leave
	var once sync.Once
	runner.Observer = ObserverFunc(func(e Event) {
		if e.Kind == KindEpoch && e.Epoch == 1 {
			once.Do(func() { close(leave) })
		}
	})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Zero(t, outcome.Trained)
	require.Equal(t, len(sweep.Cells), outcome.Left)

	again, seen := newRunner(store, 1, fault{})
	again.Share = &Share{Of: 1}
	outcome, err = again.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, len(sweep.Cells), outcome.Trained)
	require.Len(t, seen.of(KindResumed), 1)
	// A quick worker may write its next checkpoint before it hears of it.
	epoch := seen.of(KindResumed)[0].Epoch
	require.GreaterOrEqual(t, epoch, 1)
	require.Less(t, epoch, sweep.Cells[0].Training.Epochs)
	plan, err := tinyPlan()
	require.NoError(t, err)
	require.Equal(t, undisturbed(t, plan), deterministic(t, store, plan))
}

func TestShareTakesSoManyCells(t *testing.T) {
	sweep, store := plainSweep(t), openStore(t)
	runner, _ := newRunner(store, 1, fault{})
	runner.Share = &Share{Cells: 2}
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, 2, outcome.Trained)
	require.Equal(t, len(sweep.Cells)-2, outcome.Left)
}

// A runner whose cell was taken over, as after a long sleep, lets it go.
func TestLostCellIsLeftToItsNextHolder(t *testing.T) {
	sweep, store := plainSweep(t), openStore(t)
	runner, seen := newRunner(store, 1, fault{})
	runner.Share = &Share{Of: 1}
	var lost string
	runner.Observer = ObserverFunc(func(e Event) {
		seen.Observe(e)
		if e.Kind == KindEpoch && e.Epoch == 3 && lost == "" {
			lost = e.Cell
			takeOver(t, store, lost)
			time.AfterFunc(500*time.Millisecond, func() { // the other one dies
				_ = os.RemoveAll(filepath.Join(store.dir, locksDir, lost))
			})
		}
	})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Equal(t, len(sweep.Cells), outcome.Trained)
	require.Empty(t, outcome.Failed)
	require.Contains(t, seen.of(KindRetry)[0].Error, ErrLost.Error())
}

// A full disk ends a run at once with one sentence; nothing counts as failed.
func TestFullStoreEndsTheRun(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	for _, cause := range []error{&failedAttempt{errors.New("write result: disk quota exceeded"), false, true}, syscall.ENOSPC} {
		r := &run{Runner: &Runner{Store: store}, outcome: &Outcome{}}
		agenda, err := newList(plan.Cells, datasets.Source{}, Artefacts{})
		require.NoError(t, err)
		r.queue, err = newQueue(sharedStore{store}, agenda, time.Millisecond, nil, r.tell)
		require.NoError(t, err)
		task, err := r.queue.next(context.Background(), nil)
		require.NoError(t, err)
		require.ErrorIs(t, r.settle(task, 1, cause), ErrFull)
		require.Empty(t, r.outcome.Failed)
	}
	requireNoLeftovers(t, store)
}

func TestSpread(t *testing.T) {
	cells := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	require.Equal(t, []int{3, 4, 5, 6, 7, 8, 9, 0}, spread(cells, 3))
	require.Equal(t, []int{0}, spread(cells[:1], 0))
	require.Empty(t, spread(cells[:0], 0))
	require.Equal(t, 7, Share{Index: 7, Of: 8}.place(100, 5, 0.5))
	require.Equal(t, 1, Share{Index: 7, Of: 8}.place(3, 5, 0.5))
	require.Equal(t, 2, Share{}.place(100, 4, 0.5), "among as many as there seem to be runners")
	require.Equal(t, 0, Share{}.place(100, 0, 0.999), "alone: the dearest first")
}

func TestLongCellsComeFirst(t *testing.T) {
	sweep := plainSweep(t)
	stage, err := sweep.Stage(Findings{})
	require.NoError(t, err)
	wide := stage.Wants[2]
	wide.Cell.Model.Width *= 2
	wide.Hash = "wide"
	stage.Wants[2] = wide
	longFirst(stage)
	require.Equal(t, "wide", stage.Wants[0].Hash)
}
