package runner_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/launcher"
)

// undisturbed returns the results of the tiny plan from one worker without a fault, made once for
// all tests.
func undisturbed(t *testing.T, plan *plan.Plan) map[string]string {
	t.Helper()
	quiet.Do(func() {
		store := enginetest.OpenStore(t)
		r, _ := runtest.NewRunner(store, 1, enginetest.Fault{})
		outcome, err := r.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
		enginetest.RequireNoLeftovers(t, store)
		quietContent = enginetest.Deterministic(t, store, plan)
	})
	require.NotEmpty(t, quietContent)
	return quietContent
}

// The results that undisturbed returns.
var (
	quiet        sync.Once
	quietContent map[string]string
)

func TestResultsDoNotDependOnTheNumberOfWorkersOrTheOrder(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want := undisturbed(t, plan)

	st := enginetest.OpenStore(t)
	r, seen := runtest.NewRunner(st, 3, enginetest.Fault{})
	backwards := slices.Clone(plan.Cells)
	slices.Reverse(backwards)
	outcome, err := r.Run(context.Background(), backwards)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, want, enginetest.Deterministic(t, st, plan))

	require.Equal(t, []worker.Event{{Kind: worker.KindPlan, Cells: 5, Workers: 3, TotalImages: 5 * 3 * 320}}, seen.Of(worker.KindPlan))
	require.Len(t, seen.Of(worker.KindStarted), 5)
	require.Len(t, seen.Of(worker.KindPhase), 5*len(cell.Phases()))
	require.Len(t, seen.Of(worker.KindEpoch), 5*3)
	require.Len(t, seen.Of(worker.KindDone), 5)
	for _, e := range seen.Of(worker.KindDone) {
		require.NotEmpty(t, e.Title)
		require.Positive(t, e.Worker)
		require.True(t, e.Headline.CleanAccuracy.Defined())
	}
}

// A worker whose libraries do not load ends the whole run, because any other cell would fail in the
// same way. No file is left but the checkpoint.
func TestWorkerThatCannotLoadEndsTheRun(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	hash := enginetest.Hashes(t, plan)[1]
	r, seen := runtest.NewRunner(store, 1, enginetest.Fault{Kind: "unload", Cell: hash, Epoch: 2})
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.ErrorIs(t, err, launcher.ErrEngine)
	require.ErrorContains(t, err, "do not fit together (at_new_tensor is missing): run make setup, then make build")
	require.NotContains(t, err.Error(), "\n")
	require.Equal(t, 1, outcome.Trained)
	require.Empty(t, outcome.Failed)
	require.Empty(t, seen.Of(worker.KindRetry))
	enginetest.RequireNoLeftovers(t, store, hash)

	again, _ := runtest.NewRunner(store, 1, enginetest.Fault{})
	outcome, err = again.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Stored: 1, Trained: 4}, outcome)
	require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
}

func TestSecondRunTrainsNothing(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	r, _ := runtest.NewRunner(store, 2, enginetest.Fault{})
	_, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)

	again, seen := runtest.NewRunner(store, 2, enginetest.Fault{})
	again.Command = enginetest.NoWorkers
	outcome, err := again.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Stored: 5}, outcome)
	require.Equal(t, []worker.Event{{Kind: worker.KindPlan, Cells: 5, Stored: 5, Workers: 1}}, seen.Of(worker.KindPlan))
}

// A worker that dies in the middle of a cell costs nothing but time.
func TestKilledWorkerIsReplacedAndTheCellRetried(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want := undisturbed(t, plan)
	all := enginetest.Hashes(t, plan)

	store := enginetest.OpenStore(t)
	marker := filepath.Join(t.TempDir(), "killed")
	r, seen := runtest.NewRunner(store, 2, enginetest.Fault{Cell: all[1], Kind: "kill", Epoch: 2, Once: marker})
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, want, enginetest.Deterministic(t, store, plan))
	enginetest.RequireNoLeftovers(t, store)

	require.FileExists(t, marker)
	retries := seen.Of(worker.KindRetry)
	require.Len(t, retries, 1)
	require.Equal(t, all[1], retries[0].Cell)
	for _, words := range []string{"signal: killed", "after epoch 1 of 3", "out of memory, say"} {
		require.ErrorContains(t, errors.New(retries[0].Error), words)
	}
}

func TestFailingCellIsGivenUpAndTheOthersContinue(t *testing.T) {
	plan := enginetest.NewPlan(t)
	all := enginetest.Hashes(t, plan)
	for _, tc := range []struct {
		kind       string
		attempts   int
		words      string
		checkpoint bool // reports whether it is kept for another run
	}{
		{"fail", 2, "epoch 2 of 3: fake: no luck", true},
		{"panic", 2, "panic: a bug", true},
		{"kill", 2, "signal: killed", true},
		{"starve", 2, "fatal error: |pthread_create failed: ", true}, // whether an allocation or a thread fails first is chance
		{"diverge", 1, "training diverged", false},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			st := enginetest.OpenStore(t)
			runner, seen := runtest.NewRunner(st, 1, enginetest.Fault{Cell: all[0], Kind: tc.kind, Epoch: 2})
			outcome, err := runner.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, 4, outcome.Trained)
			require.Len(t, outcome.Failed, 1)
			require.Equal(t, all[0], outcome.Failed[0].Cell)
			require.Regexp(t, tc.words, outcome.Failed[0].Error)
			require.NotContains(t, outcome.Failed[0].Error, "goroutine")
			require.Len(t, seen.Of(worker.KindRetry), tc.attempts-1)
			require.Len(t, seen.Of(worker.KindFailed), 1)
			var kept []string
			if tc.checkpoint {
				kept = all[:1]
			}
			enginetest.RequireNoLeftovers(t, st, kept...)
			_, err = st.Read(all[0])
			require.ErrorIs(t, err, store.ErrNotStored)
		})
	}
}

func TestOtherDataThanPlannedAreRefused(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	runner, seen := runtest.NewRunner(store, 1, enginetest.Fault{})
	runner.Source = datasets.Source{Path: "other"}
	outcome, err := runner.Run(context.Background(), plan.Cells[:1])
	require.NoError(t, err)
	require.Len(t, outcome.Failed, 1)
	require.Contains(t, outcome.Failed[0].Error, cell.ErrOtherData.Error())
	require.Empty(t, seen.Of(worker.KindRetry))
}

func TestBrokenResultIsNamedSetAsideAndTrainedAgain(t *testing.T) {
	plan, st := enginetest.NewPlan(t), enginetest.OpenStore(t)
	want := undisturbed(t, plan)
	r, _ := runtest.NewRunner(st, 2, enginetest.Fault{})
	_, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	hash := enginetest.Hashes(t, plan)[2]
	require.NoError(t, enginetest.FlipBit(filepath.Join(st.Path(hash), store.PoisonFile)))

	r, seen := runtest.NewRunner(st, 2, enginetest.Fault{})
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Stored: 4, Trained: 1}, outcome)
	require.Equal(t, want, enginetest.Deterministic(t, st, plan))
	broken := seen.Of(worker.KindBroken)
	require.Len(t, broken, 1)
	require.Contains(t, broken[0].Error, store.PoisonFile)
	require.FileExists(t, filepath.Join(broken[0].Path, store.PoisonFile))
}

// Two runs on one store share the work: no cell is trained twice.
func TestTwoRunnersOnOneStoreTrainEachCellOnce(t *testing.T) {
	plan, first := enginetest.NewPlan(t), enginetest.OpenStore(t)
	want := undisturbed(t, plan)
	second, err := store.Open(first.Dir())
	require.NoError(t, err)
	outcomes := make([]*runner.Outcome, 2)
	var both sync.WaitGroup
	started := &enginetest.Recorder{}
	for i, store := range []*store.Store{first, second} {
		both.Go(func() {
			runner, _ := runtest.NewRunner(store, 2, enginetest.Fault{})
			runner.Observer = started
			outcome, err := runner.Run(context.Background(), plan.Cells)
			if err == nil {
				outcomes[i] = outcome
			}
		})
	}
	both.Wait()
	trained := 0
	for _, outcome := range outcomes {
		require.NotNil(t, outcome)
		require.Equal(t, 5, outcome.Trained+outcome.Stored)
		trained += outcome.Trained
	}
	require.Equal(t, 5, trained)
	require.Len(t, started.Of(worker.KindStarted), 5)
	require.Equal(t, want, enginetest.Deterministic(t, first, plan))
	enginetest.RequireNoLeftovers(t, first)
}

// A run waits for a cell that another process holds, and reads its result once it is stored.
func TestRunWaitsForTheCellsOfOthers(t *testing.T) {
	plan, st := enginetest.NewPlan(t), enginetest.OpenStore(t)
	hash := enginetest.Hashes(t, plan)[0]
	claim, err := st.Claim(hash)
	require.NoError(t, err)
	r, seen := runtest.NewRunner(st, 1, enginetest.Fault{})
	waits := make(chan struct{})
	r.Observer = worker.ObserverFunc(func(e worker.Event) {
		seen.Observe(e)
		if e.Kind == worker.KindWaiting {
			close(waits)
		}
	})
	var outcome *runner.Outcome
	var runErr error
	var done sync.WaitGroup
	done.Go(func() { outcome, runErr = r.Run(context.Background(), plan.Cells[:1]) })
	<-waits
	dir, err := claim.Dir()
	require.NoError(t, err)
	require.NoError(t, store.ResultFiles{Cell: plan.Cells[0]}.Write(dir))
	rules := plan.Cells[0].Game
	score := &game.Score{Honest: make([]game.HonestScore, rules.SeatCount()-1)}
	score.Attackers = []game.AttackerScore{{ID: rules.Attackers[0].ID, Target: rules.Attackers[0].TargetLabel()}}
	score.Cross = [][]game.Rate{{{}}}
	require.NoError(t, claim.Commit(store.NewResult(plan.Cells[0], hash, score, nil)))
	require.NoError(t, claim.Release())
	done.Wait()
	require.NoError(t, runErr)
	require.Equal(t, &runner.Outcome{Cells: 1, Stored: 1}, outcome)
	require.Len(t, seen.Of(worker.KindStored), 1)
}

func TestInterruptedRunResumesWhereItStopped(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	want := undisturbed(t, plan)
	ctx, interrupt := context.WithCancel(context.Background())
	r, seen := runtest.NewRunner(store, 1, enginetest.Fault{Cell: enginetest.Hashes(t, plan)[2], Kind: "slow", Epoch: 2})
	r.Observer = worker.ObserverFunc(func(e worker.Event) {
		seen.Observe(e)
		if e.Kind == worker.KindEpoch && e.Cell == enginetest.Hashes(t, plan)[2] {
			interrupt()
		}
	})
	outcome, err := r.Run(ctx, plan.Cells)
	require.ErrorIs(t, err, runner.ErrInterrupted)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, outcome.Missing, 3)
	outcome.Missing = nil
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 2}, outcome)
	enginetest.RequireNoLeftovers(t, store, enginetest.Hashes(t, plan)[2])

	r, seen = runtest.NewRunner(store, 1, enginetest.Fault{})
	outcome, err = r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Stored: 2, Trained: 3}, outcome)
	require.Equal(t, want, enginetest.Deterministic(t, store, plan))
	resumed := seen.Of(worker.KindResumed)
	require.Len(t, resumed, 1)
	require.Equal(t, enginetest.Hashes(t, plan)[2], resumed[0].Cell)
	require.Equal(t, 1, resumed[0].Epoch)
	enginetest.RequireNoLeftovers(t, store)
}

func TestWorkerThatCannotBeStartedStopsTheRun(t *testing.T) {
	runner, _ := runtest.NewRunner(enginetest.OpenStore(t), 2, enginetest.Fault{})
	runner.Command = func() (*exec.Cmd, error) { return exec.Command(filepath.Join(t.TempDir(), "nothing")), nil }
	outcome, err := runner.Run(context.Background(), enginetest.NewPlan(t).Cells)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Zero(t, outcome.Trained)
}

// parent starts a run of the tiny plan into a store, in a process of its own. It returns the
// process and a function that returns its next event.
func parent(t *testing.T, store *store.Store, f enginetest.Fault) (*exec.Cmd, func() (worker.Event, bool)) {
	t.Helper()
	command, err := enginetest.ParentCommand(store.Dir(), f)
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines := bufio.NewScanner(stdout)
	return command, func() (worker.Event, bool) {
		var e worker.Event
		if !lines.Scan() {
			return e, false
		}
		require.NoError(t, json.Unmarshal(lines.Bytes(), &e))
		return e, true
	}
}

// requireGone waits until processes have ended.
func requireGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || isZombie(pid) },
			time.Minute, 5*time.Millisecond, "worker %d lives on", pid)
	}
}

// requireCheckpoint waits until a cell has a checkpoint, which is written after its epoch is reported.
func requireCheckpoint(t *testing.T, st *store.Store, cell string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(st.Dir(), ".work", cell, store.CheckpointFile))
		return err == nil
	}, time.Minute, 5*time.Millisecond)
}

// kill -9 of the parent ends its workers, and the next run resumes from the last epoch.
func TestKilledParentLeavesNoWorkerAndNoMess(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	want := undisturbed(t, plan)
	second := enginetest.Hashes(t, plan)[1]
	command, next := parent(t, store, enginetest.Fault{Cell: second, Kind: "slow", Epoch: 2})
	for e, ok := next(); ok; e, ok = next() {
		if e.Kind == worker.KindEpoch && e.Cell == second {
			break
		}
	}
	requireCheckpoint(t, store, second)
	workers := childrenOf(t, command.Process.Pid)
	require.Len(t, workers, 1)
	require.NoError(t, command.Process.Kill())
	require.Error(t, command.Wait())
	requireGone(t, workers)

	r, seen := runtest.NewRunner(store, 1, enginetest.Fault{})
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Stored: 1, Trained: 4}, outcome)
	require.Equal(t, want, enginetest.Deterministic(t, store, plan))
	require.Len(t, seen.Of(worker.KindResumed), 1)
	enginetest.RequireNoLeftovers(t, store)
}
