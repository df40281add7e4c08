package runner_test

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

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/hardware"
	"backfire/internal/runtest"
)

// newGroupRunner returns a runner with three models in one process, and a counter of the processes
// that it starts.
func newGroupRunner(store *store.Store, f enginetest.Fault) (*runner.Runner, *enginetest.Recorder, *atomic.Int32) {
	runner, seen := runtest.NewRunner(store, 3, f)
	runner.PerProcess = 3
	started, command := &atomic.Int32{}, runner.Command
	runner.Command = func() (*exec.Cmd, error) {
		started.Add(1)
		return command()
	}
	return runner, seen, started
}

// Models that train side by side in one process are the same as those that train one by one.
func TestModelsInOneProcess(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	r, seen, started := newGroupRunner(store, enginetest.Fault{})
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
	require.Equal(t, int32(1), started.Load())
	require.Len(t, seen.Of(worker.KindDone), 5)
	for _, e := range seen.Events {
		if e.Cell != "" {
			require.Contains(t, []int{1, 2, 3}, e.Worker)
		}
	}
	enginetest.RequireNoLeftovers(t, store)
}

// Models in TF32 have a process of their own, because libtorch has one setting for all of a
// process.
func TestModelsOfTwoKinds(t *testing.T) {
	store := enginetest.OpenStore(t)
	r, _, started := newGroupRunner(store, enginetest.Fault{})
	cells := slices.Clone(enginetest.NewPlan(t).Cells)
	cells[1].Training.Precision, cells[3].Training.Precision = hardware.TF32, hardware.TF32
	outcome, err := r.Run(context.Background(), cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.GreaterOrEqual(t, started.Load(), int32(2))
}

// A fault of one of three models in a process costs the others nothing but time.
func TestOneOfSeveralModels(t *testing.T) {
	plan := enginetest.NewPlan(t)
	all := enginetest.Hashes(t, plan)
	for _, tc := range []struct {
		kind      string
		once      bool
		retries   int // of the cell itself
		others    int // retries of the other two
		trained   int
		processes int32
	}{
		{"kill", true, 1, 2, 5, 2},     // all three resume from their checkpoints
		{"fail", true, 1, 0, 5, 2},     // the others stay in their process, the rest begins in another
		{"diverge", false, 0, 0, 4, 1}, // it would diverge again in any process
	} {
		t.Run(tc.kind, func(t *testing.T) {
			store := enginetest.OpenStore(t)
			f := enginetest.Fault{Cell: all[1], Kind: tc.kind, Epoch: 2, Meet: 3}
			if tc.once {
				f.Once = filepath.Join(t.TempDir(), "struck")
			}
			runner, seen, started := newGroupRunner(store, f)
			cells := plan.Cells
			if !tc.once {
				cells = cells[:3] // the other cells would not wait for each other
				tc.trained -= 2
			}
			outcome, err := runner.Run(context.Background(), cells)
			require.NoError(t, err)
			require.Equal(t, tc.trained, outcome.Trained)
			require.Len(t, outcome.Failed, len(cells)-tc.trained)
			own, others := 0, 0
			for _, e := range seen.Of(worker.KindRetry) {
				if e.Cell == all[1] {
					own++
				} else {
					others++
				}
			}
			require.Equal(t, []int{tc.retries, tc.others}, []int{own, others})
			require.Equal(t, tc.processes, started.Load())
			resumed := 0
			for _, e := range seen.Of(worker.KindResumed) {
				require.Equal(t, 1, e.Epoch)
				resumed++
			}
			require.Equal(t, tc.retries+tc.others, resumed, "no epoch is trained twice")
			if tc.trained == 5 {
				require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
				enginetest.RequireNoLeftovers(t, store)
			}
		})
	}
}

// A model that hangs while the others of its process continue is noticed, and another process
// resumes from its checkpoint. The runner's clock runs only once the others are done, so that a
// slow machine is not taken for a hang.
func TestHungModelAmongOthers(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	hung := enginetest.Hashes(t, plan)[0]
	r, seen, started := newGroupRunner(store, enginetest.Fault{Cell: hung, Kind: "slow", Epoch: 3, Once: filepath.Join(t.TempDir(), "struck")})
	r.Patience = 5 * time.Millisecond
	var turn sync.Mutex
	clock := time.Unix(0, 0)
	r.SetNow(func() time.Time {
		turn.Lock()
		defer turn.Unlock()
		reported := slices.ContainsFunc(seen.Of(worker.KindEpoch), func(e worker.Event) bool { return e.Cell == hung && e.Epoch == 2 })
		if reported && len(seen.Of(worker.KindDone)) == 4 && len(seen.Of(worker.KindRetry)) == 0 {
			clock = clock.Add(time.Second)
		}
		return clock
	})
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
	retries := seen.Of(worker.KindRetry)
	require.Len(t, retries, 1)
	require.Equal(t, hung, retries[0].Cell)
	require.Contains(t, retries[0].Error, "hangs: no event for")
	require.Equal(t, int32(2), started.Load())
	enginetest.RequireNoLeftovers(t, store)
}

// All models of a process stop after their next checkpoint, or at once, and another run resumes
// from there.
func TestModelsInOneProcessLeave(t *testing.T) {
	plan := enginetest.NewPlan(t)
	for name, interrupted := range map[string]bool{"leave": false, "interrupt": true} {
		t.Run(name, func(t *testing.T) {
			store := enginetest.OpenStore(t)
			r, seen, _ := newGroupRunner(store, enginetest.Fault{Kind: "wait", Epoch: 2, Meet: 3, Once: filepath.Join(t.TempDir(), "met")})
			ctx, interrupt := context.WithCancel(context.Background())
			defer interrupt()
			leave := make(chan struct{})
			r.Leave = leave
			epochs := 0
			r.Observer = worker.ObserverFunc(func(e worker.Event) {
				seen.Observe(e)
				if e.Kind != worker.KindEpoch {
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
			outcome, err := r.Run(ctx, plan.Cells)
			if interrupted {
				require.ErrorIs(t, err, runner.ErrInterrupted)
			} else {
				require.NoError(t, err)
			}
			require.Less(t, outcome.Trained, 5)
			require.Empty(t, outcome.Failed)

			again, seen, _ := newGroupRunner(store, enginetest.Fault{})
			outcome, err = again.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, 5, outcome.Stored+outcome.Trained)
			require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
			require.NotEmpty(t, seen.Of(worker.KindResumed))
			enginetest.RequireNoLeftovers(t, store)
		})
	}
}

// A notice, which only costs time, is reported, and stored outside of the digest of the result.
func TestNotices(t *testing.T) {
	plan, st := enginetest.NewPlan(t), enginetest.OpenStore(t)
	runner, seen, _ := newGroupRunner(st, enginetest.Fault{Kind: "notice"})
	_, err := runner.Run(context.Background(), plan.Cells[:1])
	require.NoError(t, err)
	hash := enginetest.Hashes(t, plan)[0]
	record, err := st.Read(hash)
	require.NoError(t, err)
	const text = "this takes longer than it might"
	require.Equal(t, []string{text}, record.Result.Provenance.Notices)
	notices := seen.Of(worker.KindNotice)
	require.Len(t, notices, 1)
	require.Equal(t, []string{hash, text}, []string{notices[0].Cell, notices[0].Text})
	require.NotEmpty(t, notices[0].Title)
	require.Equal(t, undisturbed(t, plan)[hash+"/"+store.ResultFile], enginetest.CellContent(t, filepath.Join(st.Path(hash), store.ResultFile)))
}
