package experiments

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
)

// newCrewRunner is a runner with three models in one process, and a counter of
// the processes that it starts.
func newCrewRunner(store *Store, f fault) (*Runner, *recorder, *atomic.Int32) {
	runner, seen := newRunner(store, 3, f)
	runner.PerProcess = 3
	started, command := &atomic.Int32{}, runner.Command
	runner.Command = func() (*exec.Cmd, error) {
		started.Add(1)
		return command()
	}
	return runner, seen, started
}

// Models side by side in one process are those that are trained one by one.
func TestModelsInOneProcess(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	runner, seen, started := newCrewRunner(store, fault{})
	outcome, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, undisturbed(t, plan), deterministic(t, store, plan))
	require.Equal(t, int32(1), started.Load())
	require.Len(t, seen.of(KindDone), 5)
	for _, e := range seen.events {
		if e.Cell != "" {
			require.Contains(t, []int{1, 2, 3}, e.Worker)
		}
	}
	requireNoLeftovers(t, store)
}

// Models in TF32 have a process of their own: libtorch has one setting for all.
func TestModelsOfTwoCompanies(t *testing.T) {
	store := openStore(t)
	runner, _, started := newCrewRunner(store, fault{})
	cells := slices.Clone(newTinyPlan(t).Cells)
	cells[1].Training.Precision, cells[3].Training.Precision = hardware.TF32, hardware.TF32
	outcome, err := runner.Run(context.Background(), cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Trained: 5}, outcome)
	require.GreaterOrEqual(t, started.Load(), int32(2))

	// An idle process makes room for one of the other company.
	crew := newCrew(1, func() (*process, error) { return (&run{Runner: runner}).start(nil) })
	plain, err := crew.join(false)
	require.NoError(t, err)
	crew.leave(plain, false, false)
	again, err := crew.join(false)
	require.NoError(t, err)
	require.Same(t, plain, again)
	other, err := crew.join(true)
	require.NoError(t, err)
	require.NotSame(t, plain, other)
	require.True(t, plain.promise(), "it is not idle")
	require.Equal(t, 1, plain.release())
	crew.leave(plain, false, false)
	crew.leave(other, true, true)
	<-other.ended
	other, err = crew.join(true)
	require.NoError(t, err)
	<-plain.ended
	crew.leave(other, true, false)
	crew.quit()
	<-other.ended
}

// What happens to one of three models in a process, and to the others.
func TestOneOfSeveralModels(t *testing.T) {
	plan := newTinyPlan(t)
	all := hashes(t, plan)
	for _, tc := range []struct {
		kind      string
		once      bool
		retries   int // of the cell itself
		others    int // retries of the other two
		trained   int
		processes int32
	}{
		{"kill", true, 1, 2, 5, 2},     // all three go on from their checkpoints
		{"fail", true, 1, 0, 5, 2},     // the others stay in their process, the rest begins in another
		{"diverge", false, 0, 0, 4, 1}, // it would again, anywhere
	} {
		t.Run(tc.kind, func(t *testing.T) {
			store := openStore(t)
			f := fault{Cell: all[1], Kind: tc.kind, Epoch: 2, Meet: 3}
			if tc.once {
				f.Once = filepath.Join(t.TempDir(), "struck")
			}
			runner, seen, started := newCrewRunner(store, f)
			cells := plan.Cells
			if !tc.once {
				cells = cells[:3] // the others would not meet
				tc.trained -= 2
			}
			outcome, err := runner.Run(context.Background(), cells)
			require.NoError(t, err)
			require.Equal(t, tc.trained, outcome.Trained)
			require.Len(t, outcome.Failed, len(cells)-tc.trained)
			own, others := 0, 0
			for _, e := range seen.of(KindRetry) {
				if e.Cell == all[1] {
					own++
				} else {
					others++
				}
			}
			require.Equal(t, []int{tc.retries, tc.others}, []int{own, others})
			require.Equal(t, tc.processes, started.Load())
			resumed := 0
			for _, e := range seen.of(KindResumed) {
				require.Equal(t, 1, e.Epoch)
				resumed++
			}
			require.Equal(t, tc.retries+tc.others, resumed, "no epoch is trained twice")
			if tc.trained == 5 {
				require.Equal(t, undisturbed(t, plan), deterministic(t, store, plan))
				requireNoLeftovers(t, store)
			}
		})
	}
}

// A model that hangs while the others of its process go on is noticed, and another
// process goes on from its checkpoint. The runner's clock goes on only once the
// others are done, so that a slow machine is not taken for a hang.
func TestHungModelAmongOthers(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	hung := hashes(t, plan)[0]
	runner, seen, started := newCrewRunner(store, fault{Cell: hung, Kind: "slow", Epoch: 3, Once: filepath.Join(t.TempDir(), "struck")})
	runner.Patience = 5 * time.Millisecond
	var turn sync.Mutex
	clock := time.Unix(0, 0)
	runner.now = func() time.Time {
		turn.Lock()
		defer turn.Unlock()
		said := slices.ContainsFunc(seen.of(KindEpoch), func(e Event) bool { return e.Cell == hung && e.Epoch == 2 })
		if said && len(seen.of(KindDone)) == 4 && len(seen.of(KindRetry)) == 0 {
			clock = clock.Add(time.Second)
		}
		return clock
	}
	outcome, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, undisturbed(t, plan), deterministic(t, store, plan))
	retries := seen.of(KindRetry)
	require.Len(t, retries, 1)
	require.Equal(t, hung, retries[0].Cell)
	require.Contains(t, retries[0].Error, "hangs: no event for")
	require.Equal(t, int32(2), started.Load())
	requireNoLeftovers(t, store)
}

// All models of a process stop after their next checkpoint, or at once, and another
// run goes on from there.
func TestModelsInOneProcessLeave(t *testing.T) {
	plan := newTinyPlan(t)
	for name, interrupted := range map[string]bool{"leave": false, "interrupt": true} {
		t.Run(name, func(t *testing.T) {
			store := openStore(t)
			runner, seen, _ := newCrewRunner(store, fault{Kind: "wait", Epoch: 2, Meet: 3, Once: filepath.Join(t.TempDir(), "met")})
			ctx, interrupt := context.WithCancel(context.Background())
			defer interrupt()
			leave := make(chan struct{})
			runner.Leave = leave
			epochs := 0
			runner.Observer = ObserverFunc(func(e Event) {
				seen.Observe(e)
				if e.Kind != KindEpoch {
					return
				}
				if epochs++; epochs != 3 { // each has its first checkpoint
					return
				}
				if interrupted {
					interrupt()
				} else {
					close(leave)
				}
			})
			outcome, err := runner.Run(ctx, plan.Cells)
			if interrupted {
				require.ErrorIs(t, err, ErrInterrupted)
			} else {
				require.NoError(t, err)
			}
			require.Less(t, outcome.Trained, 5)
			require.Empty(t, outcome.Failed)

			again, seen, _ := newCrewRunner(store, fault{})
			outcome, err = again.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, 5, outcome.Stored+outcome.Trained)
			require.Equal(t, undisturbed(t, plan), deterministic(t, store, plan))
			require.NotEmpty(t, seen.of(KindResumed))
			requireNoLeftovers(t, store)
		})
	}
}

// A worker leaves off its job while the other of its process goes on, and takes
// another one.
func TestWorkerLeavesOff(t *testing.T) {
	command, err := testWorker(fault{})()
	require.NoError(t, err)
	p, err := startProcess(command, nil)
	require.NoError(t, err)
	defer p.close()
	cells := slices.Clone(newTinyPlan(t).Cells)
	cells[0].Training.Epochs = 1_000_000
	require.True(t, p.promise())
	endless := p.assign(1, newJob(t, cells[0]))
	for e := range endless.events {
		require.NotEqual(t, KindFailed, e.Kind, e.Error)
		if e.Kind == KindEpoch {
			break
		}
	}
	cells[1].Training.Epochs = 1_000_000
	require.True(t, p.promise())
	other := p.assign(2, newJob(t, cells[1]))
	heard := make(chan struct{}, 1)
	go func() {
		for {
			select {
			case <-other.events:
			case <-other.left:
				return
			}
			select {
			case heard <- struct{}{}:
			default:
			}
		}
	}()
	endless.end()
	require.True(t, isClosed(endless.over))
	short := p.assign(1, newJob(t, cells[2]))
	for e := range short.events {
		require.NotEqual(t, KindFailed, e.Kind, e.Error)
		if e.Kind == KindDone {
			break
		}
	}
	<-heard
	<-heard // it is still at work
	require.Equal(t, 1, p.release())
	other.end() // the last one: the process is not needed any more
	<-p.ended
	require.False(t, p.promise())
	require.NoError(t, p.err)
}

// What only costs time is told, and stored where it has no part in the result.
func TestNotices(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	runner, seen, _ := newCrewRunner(store, fault{Kind: "notice"})
	_, err := runner.Run(context.Background(), plan.Cells[:1])
	require.NoError(t, err)
	hash := hashes(t, plan)[0]
	record, err := store.Read(hash)
	require.NoError(t, err)
	const text = "this takes longer than it might"
	require.Equal(t, []string{text}, record.Result.Run.Notices)
	told := seen.of(KindNotice)
	require.Len(t, told, 1)
	require.Equal(t, []string{hash, text}, []string{told[0].Cell, told[0].Text})
	require.NotEmpty(t, told[0].Title)
	require.Equal(t, undisturbed(t, plan)[hash+"/"+ResultFile], ofCell(t, filepath.Join(store.Path(hash), ResultFile)))
}
