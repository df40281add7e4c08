package experiments

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
	"backfire/launcher"
)

// recorder is an Observer that keeps all events.
type recorder struct {
	mu     sync.Mutex
	events []Event
}

func (r *recorder) Observe(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// of returns the events of a kind, in order.
func (r *recorder) of(kind Kind) []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Event
	for _, e := range r.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// newRunner is a runner whose workers have a fault.
func newRunner(store *Store, workers int, f fault) (*Runner, *recorder) {
	seen := &recorder{}
	return &Runner{
		Store: store, Command: testWorker(f), Workers: workers, Threads: 1, Device: "cpu",
		Observer: seen, Poll: 5 * time.Millisecond,
	}, seen
}

// deterministic is what in the files depends on the cell alone.
func deterministic(t *testing.T, store *Store, plan *Plan) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, hash := range hashes(t, plan) {
		_, err := store.Read(hash)
		require.NoError(t, err)
		for _, name := range []string{CellFile, ResultFile, PoisonFile, PredictionsFile} {
			content[hash+"/"+name] = ofCell(t, filepath.Join(store.Path(hash), name))
		}
	}
	return content
}

func hashes(t *testing.T, plan *Plan) []string {
	t.Helper()
	var all []string
	for _, cell := range plan.Cells {
		hash, err := cell.Hash()
		require.NoError(t, err)
		all = append(all, hash)
	}
	return all
}

// undisturbed is what one worker makes of the tiny plan when nothing happens.
func undisturbed(t *testing.T, plan *Plan) map[string]string {
	t.Helper()
	quiet.Do(func() {
		store := openStore(t)
		runner, _ := newRunner(store, 1, fault{})
		outcome, err := runner.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &Outcome{Cells: 5, Trained: 5}, outcome)
		requireNoLeftovers(t, store)
		quietContent = deterministic(t, store, plan)
	})
	require.NotEmpty(t, quietContent)
	return quietContent
}

// What undisturbed returns, made once for all tests.
var (
	quiet        sync.Once
	quietContent map[string]string
)

func TestResultsDoNotDependOnTheNumberOfWorkersOrTheOrder(t *testing.T) {
	plan := newTinyPlan(t)
	want := undisturbed(t, plan)

	store := openStore(t)
	runner, seen := newRunner(store, 3, fault{})
	backwards := slices.Clone(plan.Cells)
	slices.Reverse(backwards)
	outcome, err := runner.Run(context.Background(), backwards)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, want, deterministic(t, store, plan))

	require.Equal(t, []Event{{Kind: KindPlan, Cells: 5, Workers: 3, TotalImages: 5 * 3 * 320}}, seen.of(KindPlan))
	require.Len(t, seen.of(KindStarted), 5)
	require.Len(t, seen.of(KindPhase), 5*len(Phases()))
	require.Len(t, seen.of(KindEpoch), 5*3)
	require.Len(t, seen.of(KindDone), 5)
	for _, e := range seen.of(KindDone) {
		require.NotEmpty(t, e.Title)
		require.Positive(t, e.Worker)
		require.True(t, e.Headline.CleanAccuracy.Defined())
	}
}

// A worker whose libraries fail it takes the whole run with it: every other cell
// would end the same way. Nothing is stored or left behind but the checkpoint.
func TestWorkerThatCannotLoadEndsTheRun(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	hash := hashes(t, plan)[1]
	runner, seen := newRunner(store, 1, fault{Kind: "unload", Cell: hash, Epoch: 2})
	outcome, err := runner.Run(context.Background(), plan.Cells)
	require.ErrorIs(t, err, launcher.ErrEngine)
	require.ErrorContains(t, err, "do not fit together (at_new_tensor is missing): run make setup, then make build")
	require.NotContains(t, err.Error(), "\n")
	require.Equal(t, 1, outcome.Trained)
	require.Empty(t, outcome.Failed)
	require.Empty(t, seen.of(KindRetry))
	requireNoLeftovers(t, store, hash)

	again, _ := newRunner(store, 1, fault{})
	outcome, err = again.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Stored: 1, Trained: 4}, outcome)
	require.Equal(t, undisturbed(t, plan), deterministic(t, store, plan))
}

func TestSecondRunTrainsNothing(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	runner, _ := newRunner(store, 2, fault{})
	_, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)

	again, seen := newRunner(store, 2, fault{})
	again.Command = func() (*exec.Cmd, error) { return nil, errors.New("no worker is needed") }
	outcome, err := again.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Stored: 5}, outcome)
	require.Equal(t, []Event{{Kind: KindPlan, Cells: 5, Stored: 5, Workers: 1}}, seen.of(KindPlan))
}

// A worker that dies in the middle of a cell costs nothing but time.
func TestKilledWorkerIsReplacedAndTheCellTriedAgain(t *testing.T) {
	plan := newTinyPlan(t)
	want := undisturbed(t, plan)
	all := hashes(t, plan)

	store := openStore(t)
	marker := filepath.Join(t.TempDir(), "killed")
	runner, seen := newRunner(store, 2, fault{Cell: all[1], Kind: "kill", Epoch: 2, Once: marker})
	outcome, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, want, deterministic(t, store, plan))
	requireNoLeftovers(t, store)

	require.FileExists(t, marker)
	retries := seen.of(KindRetry)
	require.Len(t, retries, 1)
	require.Equal(t, all[1], retries[0].Cell)
	for _, words := range []string{"signal: killed", "after epoch 1 of 3", "out of memory, say"} {
		require.ErrorContains(t, errors.New(retries[0].Error), words)
	}
}

func TestFailingCellIsGivenUpAndTheOthersGoOn(t *testing.T) {
	plan := newTinyPlan(t)
	all := hashes(t, plan)
	for _, tc := range []struct {
		kind       string
		attempts   int
		words      string
		checkpoint bool // is kept for another run
	}{
		{"fail", 2, "epoch 2 of 3: fake: no luck", true},
		{"panic", 2, "panic: a bug", true},
		{"kill", 2, "signal: killed", true},
		{"starve", 2, "fatal error: |pthread_create failed: ", true}, // an allocation or a thread: which fails first is chance
		{"diverge", 1, "training diverged", false},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			store := openStore(t)
			runner, seen := newRunner(store, 1, fault{Cell: all[0], Kind: tc.kind, Epoch: 2})
			outcome, err := runner.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, 4, outcome.Trained)
			require.Len(t, outcome.Failed, 1)
			require.Equal(t, all[0], outcome.Failed[0].Cell)
			require.Regexp(t, tc.words, outcome.Failed[0].Error)
			require.NotContains(t, outcome.Failed[0].Error, "goroutine")
			require.Len(t, seen.of(KindRetry), tc.attempts-1)
			require.Len(t, seen.of(KindFailed), 1)
			var kept []string
			if tc.checkpoint {
				kept = all[:1]
			}
			requireNoLeftovers(t, store, kept...)
			_, err = store.Read(all[0])
			require.ErrorIs(t, err, ErrNotStored)
		})
	}
}

func TestOtherDataThanPlannedAreRefused(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	runner, seen := newRunner(store, 1, fault{})
	runner.Source = datasets.Source{Path: "other"}
	outcome, err := runner.Run(context.Background(), plan.Cells[:1])
	require.NoError(t, err)
	require.Len(t, outcome.Failed, 1)
	require.Contains(t, outcome.Failed[0].Error, ErrOtherData.Error())
	require.Empty(t, seen.of(KindRetry))
}

func TestBrokenResultIsNamedSetAsideAndTrainedAgain(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	want := undisturbed(t, plan)
	runner, _ := newRunner(store, 2, fault{})
	_, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	hash := hashes(t, plan)[2]
	require.NoError(t, flipBit(filepath.Join(store.Path(hash), PoisonFile)))

	runner, seen := newRunner(store, 2, fault{})
	outcome, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Stored: 4, Trained: 1}, outcome)
	require.Equal(t, want, deterministic(t, store, plan))
	broken := seen.of(KindBroken)
	require.Len(t, broken, 1)
	require.Contains(t, broken[0].Error, PoisonFile)
	require.FileExists(t, filepath.Join(broken[0].Path, PoisonFile))
}

// Two runs on one store share the work: nothing is trained twice.
func TestTwoRunnersOnOneStoreTrainEachCellOnce(t *testing.T) {
	plan, first := newTinyPlan(t), openStore(t)
	want := undisturbed(t, plan)
	second, err := OpenStore(first.Dir())
	require.NoError(t, err)
	outcomes := make([]*Outcome, 2)
	var both sync.WaitGroup
	started := &recorder{}
	for i, store := range []*Store{first, second} {
		both.Go(func() {
			runner, _ := newRunner(store, 2, fault{})
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
	require.Len(t, started.of(KindStarted), 5)
	require.Equal(t, want, deterministic(t, first, plan))
	requireNoLeftovers(t, first)
}

// A cell that another process holds is waited for, and read when it is there.
func TestRunWaitsForTheCellsOfOthers(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	hash := hashes(t, plan)[0]
	claim, err := store.Claim(hash)
	require.NoError(t, err)
	runner, seen := newRunner(store, 1, fault{})
	waits := make(chan struct{})
	runner.Observer = ObserverFunc(func(e Event) {
		seen.Observe(e)
		if e.Kind == KindWaiting {
			close(waits)
		}
	})
	var outcome *Outcome
	var runErr error
	var done sync.WaitGroup
	done.Go(func() { outcome, runErr = runner.Run(context.Background(), plan.Cells[:1]) })
	<-waits
	dir, err := claim.Dir()
	require.NoError(t, err)
	require.NoError(t, writeFiles(dir, files{cell: plan.Cells[0]}))
	require.NoError(t, claim.Commit(Result{Format: ResultFormat, Cell: hash}))
	require.NoError(t, claim.Release())
	done.Wait()
	require.NoError(t, runErr)
	require.Equal(t, &Outcome{Cells: 1, Stored: 1}, outcome)
	require.Len(t, seen.of(KindStored), 1)
}

func TestInterruptedRunGoesOnWhereItStopped(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	want := undisturbed(t, plan)
	ctx, interrupt := context.WithCancel(context.Background())
	runner, seen := newRunner(store, 1, fault{Cell: hashes(t, plan)[2], Kind: "slow", Epoch: 2})
	runner.Observer = ObserverFunc(func(e Event) {
		seen.Observe(e)
		if e.Kind == KindEpoch && e.Cell == hashes(t, plan)[2] {
			interrupt()
		}
	})
	outcome, err := runner.Run(ctx, plan.Cells)
	require.ErrorIs(t, err, ErrInterrupted)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, &Outcome{Cells: 5, Trained: 2}, outcome)
	requireNoLeftovers(t, store, hashes(t, plan)[2])

	runner, seen = newRunner(store, 1, fault{})
	outcome, err = runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Stored: 2, Trained: 3}, outcome)
	require.Equal(t, want, deterministic(t, store, plan))
	resumed := seen.of(KindResumed)
	require.Len(t, resumed, 1)
	require.Equal(t, hashes(t, plan)[2], resumed[0].Cell)
	require.Equal(t, 1, resumed[0].Epoch)
	requireNoLeftovers(t, store)
}

func TestWorkerThatCannotBeStartedStopsTheRun(t *testing.T) {
	runner, _ := newRunner(openStore(t), 2, fault{})
	runner.Command = func() (*exec.Cmd, error) { return exec.Command(filepath.Join(t.TempDir(), "nothing")), nil }
	outcome, err := runner.Run(context.Background(), newTinyPlan(t).Cells)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Zero(t, outcome.Trained)
}

// parent starts a whole run of the tiny plan into a store, in a process of its
// own, and returns it with the events it prints.
func parent(t *testing.T, store *Store, f fault) (*exec.Cmd, func() (Event, bool)) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	text, err := json.Marshal(f)
	require.NoError(t, err)
	command := exec.Command(self)
	command.Env = append(os.Environ(), rolePart+"="+roleParent, roleStore+"="+store.Dir(), roleFault+"="+string(text))
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	lines := bufio.NewScanner(stdout)
	return command, func() (Event, bool) {
		var e Event
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

// kill -9 of the parent ends its workers, and the next run goes on from the last
// epoch.
func TestKilledParentLeavesNoWorkerAndNoMess(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	want := undisturbed(t, plan)
	second := hashes(t, plan)[1]
	command, next := parent(t, store, fault{Cell: second, Kind: "slow", Epoch: 2})
	for e, ok := next(); ok; e, ok = next() {
		if e.Kind == KindEpoch && e.Cell == second {
			break
		}
	}
	workers := childrenOf(t, command.Process.Pid)
	require.Len(t, workers, 1)
	require.NoError(t, command.Process.Kill())
	require.Error(t, command.Wait())
	requireGone(t, workers)

	runner, seen := newRunner(store, 1, fault{})
	outcome, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Stored: 1, Trained: 4}, outcome)
	require.Equal(t, want, deterministic(t, store, plan))
	require.Len(t, seen.of(KindResumed), 1)
	requireNoLeftovers(t, store)
}

func TestIdleCores(t *testing.T) {
	for _, tc := range []struct {
		device                        string
		threads, workers, cores, want int
	}{
		{"cpu", 1, 3, 16, 13},
		{"cpu", 5, 3, 16, 1},
		{"cpu", 0, 2, 2, 0},
		{"cpu", 4, 8, 16, 0},
		{"cuda:0", 1, 3, 16, 0},
	} {
		require.Equal(t, tc.want, (&Runner{Device: tc.device, Threads: tc.threads}).idle(tc.workers, tc.cores))
	}
}
