package experiments

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/hardware"
	"backfire/internal/safetensors"
)

func exampleCheckpoint() checkpoint {
	return checkpoint{
		cell:  strings.Repeat("ab", 32),
		maker: newMaker("cuda:1", 2, hardware.FP32, EngineInfo{Name: "fake", GPUs: []string{"one", "two"}}),
		epochs: []EpochMetrics{
			{Epoch: 1, Loss: 1.0 / 3, TrainAccuracy: 0.1, LearningRate: 0.3, Seconds: 1.5, ImagesPerSecond: 7},
			{Epoch: 2, Loss: 1e-17, TrainAccuracy: 1, LearningRate: 0.1, Seconds: 2.5, ImagesPerSecond: 8},
		},
		state: State{
			Step:      40,
			Model:     []safetensors.Tensor{{Name: "w", Shape: []int64{2, 1}, Values: []float32{1.5, -3}}, {Name: "b", Values: []float32{0}}},
			Optimizer: []safetensors.Tensor{{Name: "w", Shape: []int64{2, 1}, Values: []float32{0.25, 9}}},
		},
	}
}

// saved writes the example and returns its path.
func saved(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kept", checkpointFile)
	require.NoError(t, os.Mkdir(filepath.Dir(path), dirMode))
	require.NoError(t, writeCheckpoint(path, t.TempDir(), exampleCheckpoint()))
	return path
}

func TestCheckpointIsReadAsItWasWritten(t *testing.T) {
	want := exampleCheckpoint()
	c, err := readCheckpoint(saved(t), want.cell, want.maker)
	require.NoError(t, err)
	require.Equal(t, &want, c)
}

func TestNoCheckpoint(t *testing.T) {
	_, err := readCheckpoint(filepath.Join(t.TempDir(), checkpointFile), "", maker{})
	require.ErrorIs(t, err, errNoCheckpoint)
}

func TestCheckpointOfOthersIsRefused(t *testing.T) {
	path, own := saved(t), exampleCheckpoint()
	for says, tc := range map[string]struct {
		cell  string
		maker maker
	}{
		"of cell abab":   {strings.Repeat("cd", 32), own.maker},
		"another engine": {own.cell, newMaker("cuda:0", 2, hardware.FP32, EngineInfo{Name: "other"})},
		"kind of device": {own.cell, newMaker("cpu", 2, hardware.FP32, own.maker.Engine)},
		"other threads":  {own.cell, newMaker("cuda:0", 1, hardware.FP32, own.maker.Engine)},
	} {
		_, err := readCheckpoint(path, tc.cell, tc.maker)
		require.ErrorIs(t, err, errCheckpoint)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, path)
	}
	_, err := readCheckpoint(path, own.cell, newMaker("cuda:0", 2, hardware.FP32, own.maker.Engine))
	require.NoError(t, err, "another GPU of the same machine")
}

// Every length and every single bit counts.
func TestDamagedCheckpointIsRefused(t *testing.T) {
	path, own := saved(t), exampleCheckpoint()
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	refused := func(data []byte, what string, at int) {
		require.NoError(t, os.WriteFile(path, data, fileMode))
		_, err := readCheckpoint(path, own.cell, own.maker)
		require.ErrorIs(t, err, errCheckpoint, "%s at %d", what, at)
		require.ErrorContains(t, err, path)
	}
	for at := range whole {
		refused(whole[:at], "cut", at)
		damaged := append([]byte{}, whole...)
		damaged[at] ^= 1 << (at % 8)
		refused(damaged, "flipped", at)
	}
	refused(append(whole, 0), "longer", len(whole))
}

// metricsOf are the columns of a cell's metrics.csv that do not depend on time.
func metricsOf(t *testing.T, store *Store, hash string) [][]string {
	t.Helper()
	lines := readCSV(t, filepath.Join(store.Path(hash), MetricsFile))
	for i := range lines {
		lines[i] = lines[i][:4]
	}
	return lines
}

// kill -9 of a worker before any epoch costs that epoch, and changes nothing.
func TestKilledWorkerGoesOnFromItsCheckpoint(t *testing.T) {
	plan := newTinyPlan(t)
	want, hash := undisturbed(t, plan), hashes(t, plan)[4]
	quiet := openStore(t)
	runner, _ := newRunner(quiet, 1, fault{})
	_, err := runner.Run(context.Background(), plan.Cells[4:])
	require.NoError(t, err)
	for epoch := 1; epoch <= 3; epoch++ {
		store := openStore(t)
		runner, seen := newRunner(store, 2, fault{Cell: hash, Kind: "kill", Epoch: epoch, Once: filepath.Join(t.TempDir(), "killed")})
		outcome, err := runner.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &Outcome{Cells: 5, Trained: 5}, outcome)
		require.Equal(t, want, deterministic(t, store, plan))
		require.Equal(t, metricsOf(t, quiet, hash), metricsOf(t, store, hash))
		requireNoLeftovers(t, store)
		record, err := store.Read(hash)
		require.NoError(t, err)
		require.Equal(t, epoch-1, record.Result.Run.Resumed)
		if epoch == 1 {
			require.Empty(t, seen.of(KindResumed))
			continue
		}
		require.Len(t, seen.of(KindResumed), 1)
		require.Equal(t, epoch-1, seen.of(KindResumed)[0].Epoch)
	}
}

// kill -9 of the parent, and so of its worker, after any of its events.
func TestKilledParentGoesOnFromItsCheckpoints(t *testing.T) {
	plan := newTinyPlan(t)
	want := undisturbed(t, plan)
	store := openStore(t)
	for events := 3; ; events += 4 {
		command, next := parent(t, store, fault{})
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
	require.Equal(t, want, deterministic(t, store, plan))
	requireNoLeftovers(t, store)
}

// A checkpoint that is not whole is named and thrown away.
func TestDamagedCheckpointMeansStartingOver(t *testing.T) {
	plan := newTinyPlan(t)
	want, hash := undisturbed(t, plan), hashes(t, plan)[0]
	for name, damage := range map[string]func(path string) error{
		"flipped": flipBit,
		"cut":     func(path string) error { return os.Truncate(path, 100) },
	} {
		t.Run(name, func(t *testing.T) {
			store := openStore(t)
			runner, _ := newRunner(store, 1, fault{Cell: hash, Kind: "fail", Epoch: 3})
			outcome, err := runner.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Len(t, outcome.Failed, 1)
			path := filepath.Join(store.dir, workDir, hash, checkpointFile)
			require.NoError(t, damage(path))

			runner, seen := newRunner(store, 1, fault{})
			outcome, err = runner.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, &Outcome{Cells: 5, Stored: 4, Trained: 1}, outcome)
			discarded := seen.of(KindDiscarded)
			require.Len(t, discarded, 1)
			require.Contains(t, discarded[0].Error, checkpointFile)
			require.Equal(t, path, discarded[0].Path)
			require.Empty(t, seen.of(KindResumed))
			require.Equal(t, want, deterministic(t, store, plan))
			requireNoLeftovers(t, store)
		})
	}
}

// A whole checkpoint of the cell that the engine cannot take back is thrown away
// too.
func TestCheckpointThatDoesNotFitMeansStartingOver(t *testing.T) {
	cell := newTinyPlan(t).Cells[0]
	hash, err := cell.Hash()
	require.NoError(t, err)
	job := newJob(t, cell)
	job.Checkpoint = filepath.Join(t.TempDir(), checkpointFile)
	info, err := fakeEngine{}.Describe()
	require.NoError(t, err)
	strange := exampleCheckpoint()
	strange.cell, strange.maker = hash, newMaker(job.Device, job.Threads, job.Cell.Precision(), info)
	require.NoError(t, writeCheckpoint(job.Checkpoint, job.Dir, strange))
	events := work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, job)
	require.Equal(t, KindDone, events[len(events)-1].Kind)
	require.Len(t, readCSV(t, filepath.Join(job.Dir, MetricsFile)), 1+3)
}

func TestTidySparesCheckpointsOfCellsThatAreNotStored(t *testing.T) {
	store := openStore(t)
	stored := storeCell(t, store)
	for _, cell := range []string{stored, "unfinished"} {
		dead := filepath.Join(store.dir, workDir, cell, "attempt")
		require.NoError(t, os.MkdirAll(dead, dirMode))
		require.NoError(t, writeCheckpoint(filepath.Join(filepath.Dir(dead), checkpointFile), dead, exampleCheckpoint()))
		require.NoError(t, os.WriteFile(filepath.Join(dead, ResultFile), nil, fileMode))
	}
	require.NoError(t, store.Tidy())
	requireNoLeftovers(t, store, "unfinished")
	claim, err := store.Claim("unfinished")
	require.NoError(t, err)
	path, err := claim.Checkpoint()
	require.NoError(t, err)
	require.FileExists(t, path)
	require.NoError(t, claim.Release())
	requireNoLeftovers(t, store, "unfinished")
}
