package runner_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// metricsOf returns the columns of a cell's metrics.csv that do not depend on time.
func metricsOf(t *testing.T, st *store.Store, hash string) [][]string {
	t.Helper()
	lines := enginetest.ReadCSV(t, filepath.Join(st.Path(hash), store.MetricsFile))
	for i := range lines {
		lines[i] = lines[i][:4]
	}
	return lines
}

// kill -9 of a worker before any epoch costs that epoch, and changes nothing.
func TestKilledWorkerResumesFromItsCheckpoint(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want, hash := undisturbed(t, plan), enginetest.Hashes(t, plan)[4]
	quiet := enginetest.OpenStore(t)
	rn, _ := runtest.NewRunner(quiet, 1, enginetest.Fault{})
	_, err := rn.Run(context.Background(), plan.Cells[4:])
	require.NoError(t, err)
	for epoch := 1; epoch <= 3; epoch++ {
		store := enginetest.OpenStore(t)
		r, seen := runtest.NewRunner(store, 2, enginetest.Fault{Cell: hash, Kind: "kill", Epoch: epoch, Once: filepath.Join(t.TempDir(), "killed")})
		outcome, err := r.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
		require.Equal(t, want, enginetest.Deterministic(t, store, plan))
		require.Equal(t, metricsOf(t, quiet, hash), metricsOf(t, store, hash))
		enginetest.RequireNoLeftovers(t, store)
		record, err := store.Read(hash)
		require.NoError(t, err)
		require.Equal(t, epoch-1, record.Result.Provenance.Resumed)
		if epoch == 1 {
			require.Empty(t, seen.Of(worker.KindResumed))
			continue
		}
		require.Len(t, seen.Of(worker.KindResumed), 1)
		require.Equal(t, epoch-1, seen.Of(worker.KindResumed)[0].Epoch)
	}
}

// kill -9 of the parent, and so of its worker, after any of its events.
func TestKilledParentResumesFromItsCheckpoints(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want := undisturbed(t, plan)
	store := enginetest.OpenStore(t)
	for events := 3; ; events += 4 {
		command, next := parent(t, store, enginetest.Fault{})
		ok := true
		for range events {
			if _, ok = next(); !ok {
				break
			}
		}
		if !ok {
			require.NoError(t, command.Wait(), "it came to its end")
			break
		}
		workers := childrenOf(t, command.Process.Pid)
		require.NoError(t, command.Process.Kill())
		_ = command.Wait()
		requireGone(t, workers)
	}
	require.Equal(t, want, enginetest.Deterministic(t, store, plan))
	enginetest.RequireNoLeftovers(t, store)
}

// A damaged checkpoint is reported and discarded.
func TestDamagedCheckpointMeansStartingOver(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want, hash := undisturbed(t, plan), enginetest.Hashes(t, plan)[0]
	for name, damage := range map[string]func(path string) error{
		"flipped": enginetest.FlipBit,
		"cut":     func(path string) error { return os.Truncate(path, 100) },
	} {
		t.Run(name, func(t *testing.T) {
			st := enginetest.OpenStore(t)
			r, _ := runtest.NewRunner(st, 1, enginetest.Fault{Cell: hash, Kind: "fail", Epoch: 3})
			outcome, err := r.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Len(t, outcome.Failed, 1)
			path := filepath.Join(st.Dir(), ".work", hash, store.CheckpointFile)
			require.NoError(t, damage(path))

			r, seen := runtest.NewRunner(st, 1, enginetest.Fault{})
			outcome, err = r.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, &runner.Outcome{Cells: 5, Stored: 4, Trained: 1}, outcome)
			discarded := seen.Of(worker.KindDiscarded)
			require.Len(t, discarded, 1)
			require.Contains(t, discarded[0].Error, store.CheckpointFile)
			require.Equal(t, path, discarded[0].Path)
			require.Empty(t, seen.Of(worker.KindResumed))
			require.Equal(t, want, enginetest.Deterministic(t, st, plan))
			enginetest.RequireNoLeftovers(t, st)
		})
	}
}

// Where checkpoints are far apart, a killed training begins anew, to the same results.
func TestCheckpointsByTime(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want, hash := undisturbed(t, plan), enginetest.Hashes(t, plan)[4]
	for every, resumed := range map[time.Duration]int{time.Nanosecond: 2, time.Hour: 0} {
		store := enginetest.OpenStore(t)
		r, _ := runtest.NewRunner(store, 2, enginetest.Fault{Cell: hash, Kind: "kill", Epoch: 3, Once: filepath.Join(t.TempDir(), "killed")})
		r.CheckpointEvery = every
		outcome, err := r.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
		require.Equal(t, want, enginetest.Deterministic(t, store, plan))
		record, err := store.Read(hash)
		require.NoError(t, err)
		require.Equal(t, resumed, record.Result.Provenance.Resumed)
	}
}
