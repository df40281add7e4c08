package engine

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/hardware"
)

// trained trains the game of two attackers on the tiny set.
func trained(t *testing.T, change func(*worker.Train)) (worker.Train, []worker.Event) {
	t.Helper()
	cell := tinyPlan(t).Cells[2]
	cell.Model.Width = 4
	request := enginetest.NewTrain(t, cell)
	change(&request)
	return request, work(t, LibTorch{}, request)
}

func TestLibTorchTrainsTheSameModelTwice(t *testing.T) {
	var results []string
	for range 2 {
		request, events := trained(t, func(*worker.Train) {})
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		var result store.Result
		readJSON(t, filepath.Join(request.Dir, store.ResultFile), &result)
		results = append(results, result.Digest)
		require.False(t, result.Collapsed, "clean accuracy %v", result.CleanAccuracy)
		var environment store.Environment
		readJSON(t, filepath.Join(request.Dir, store.EnvironmentFile), &environment)
		require.Equal(t, "libtorch", environment.Engine.Name)
		require.NotEmpty(t, environment.Engine.Version)
		require.Positive(t, result.Provenance.ImagesPerSecond)
	}
	require.Equal(t, results[0], results[1])
}

// Failures that a retry would repeat are reported as final.
func TestFinalFailures(t *testing.T) {
	for says, change := range map[string]func(*worker.Train){
		"diverged":             func(r *worker.Train) { r.Cell.Training.LearningRate = 1e30 },
		"alexnet":              func(r *worker.Train) { r.Cell.Model.Architecture = "alexnet" },
		"learning rate -1":     func(r *worker.Train) { r.Cell.Training.LearningRate = -1 },
		"device not available": func(r *worker.Train) { r.Device = "tpu" },
	} {
		_, events := trained(t, change)
		last := events[len(events)-1]
		require.Equal(t, worker.KindFailed, last.Kind)
		require.Equal(t, 1, strings.Count(last.Error, says), last.Error)
		require.True(t, last.Final, last.Error)
	}
}

func TestErrorsAreThoseOfTheWorker(t *testing.T) {
	opt := worker.ModelOptions{
		Cell: tinyPlan(t).Cells[0], Images: 320, Mean: []float64{0.5}, Std: []float64{0.25}, Device: "cpu", Threads: 1,
	}
	_, err := LibTorch{}.NewModel(with(opt, func(o *worker.ModelOptions) { o.Images = 1 }))
	require.ErrorIs(t, err, worker.ErrOptions)
	_, err = LibTorch{}.NewModel(with(opt, func(o *worker.ModelOptions) { o.Device = "tpu" }))
	require.ErrorIs(t, err, hardware.ErrDevice)
	model, err := LibTorch{}.NewModel(opt)
	require.NoError(t, err)
	model.Close()
}

func with(opt worker.ModelOptions, change func(*worker.ModelOptions)) worker.ModelOptions {
	change(&opt)
	return opt
}

// A worker is killed before the second or the third epoch, and the result is that of a training
// without an interruption.
func TestKilledTrainingIsBitIdentical(t *testing.T) {
	c := tinyPlan(t).Cells[2]
	c.Model.Width = 4
	hash, err := c.Hash()
	require.NoError(t, err)
	var results []string
	for _, epoch := range []int{0, 2, 3} {
		store, err := store.Open(t.TempDir())
		require.NoError(t, err)
		resumed := 0
		r := &runner.Runner{
			Store: store, Artefacts: keepModels, Workers: 1, Threads: 1, Device: "cpu",
			Command: testEngine(killBefore+"="+strconv.Itoa(epoch), killMarker+"="+filepath.Join(t.TempDir(), "killed")),
			Observer: worker.ObserverFunc(func(e worker.Event) {
				if e.Kind == worker.KindResumed {
					resumed++
				}
			}),
		}
		outcome, err := r.Run(context.Background(), []cell.Cell{c})
		require.NoError(t, err)
		require.Equal(t, &runner.Outcome{Cells: 1, Trained: 1}, outcome)
		require.Equal(t, min(epoch, 1), resumed)
		record, err := store.Read(hash)
		require.NoError(t, err)
		results = append(results, record.Result.Digest+weights(t, store, c))
	}
	require.Equal(t, results[0], results[1])
	require.Equal(t, results[0], results[2])
}

func TestSpeedIsMeasured(t *testing.T) {
	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	sweep, err := plan.NewSweep(context.Background(), []plan.SweepPoint{{Config: tinyConfig(t)}}, loadTiny)
	require.NoError(t, err)
	info, err := LibTorch{}.Describe("cpu")
	require.NoError(t, err)
	got, err := estimate.Estimator{
		Engine: info, Store: st, Command: testEngine(), Device: "cpu", Workers: 1, Threads: 1,
	}.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Positive(t, got.Speeds[0].ImagesPerSecond)
	require.Equal(t, 5, got.Models)
	stored, err := filepath.Glob(filepath.Join(st.Dir(), "*", store.ResultFile))
	require.NoError(t, err)
	require.Empty(t, stored)
}
