package engine

import (
	"context"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments"
	"backfire/internal/hardware"
)

// trained has the game of two attackers on the tiny set trained.
func trained(t *testing.T, change func(*experiments.Job)) (experiments.Job, []experiments.Event) {
	t.Helper()
	cell := tinyPlan(t).Cells[2]
	cell.Model.Width = 4
	job := newJob(t, cell)
	change(&job)
	return job, work(t, LibTorch{}, job)
}

func TestLibTorchTrainsTheSameModelTwice(t *testing.T) {
	var results []string
	for range 2 {
		job, events := trained(t, func(*experiments.Job) {})
		require.Equal(t, experiments.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		var result experiments.Result
		readJSON(t, filepath.Join(job.Dir, experiments.ResultFile), &result)
		results = append(results, result.Digest)
		require.False(t, result.Collapsed, "clean accuracy %v", result.CleanAccuracy)
		var environment experiments.Environment
		readJSON(t, filepath.Join(job.Dir, experiments.EnvironmentFile), &environment)
		require.Equal(t, "libtorch", environment.Engine.Name)
		require.NotEmpty(t, environment.Engine.Version)
		require.Positive(t, result.Run.ImagesPerSecond)
	}
	require.Equal(t, results[0], results[1])
}

// What would fail again in the same way is told as final.
func TestFinalFailures(t *testing.T) {
	for says, change := range map[string]func(*experiments.Job){
		"diverged":             func(j *experiments.Job) { j.Cell.Training.LearningRate = 1e30 },
		"vgg":                  func(j *experiments.Job) { j.Cell.Model.Architecture = "vgg" },
		"learning rate -1":     func(j *experiments.Job) { j.Cell.Training.LearningRate = -1 },
		"device not available": func(j *experiments.Job) { j.Device = "tpu" },
	} {
		_, events := trained(t, change)
		last := events[len(events)-1]
		require.Equal(t, experiments.KindFailed, last.Kind)
		require.Equal(t, 1, strings.Count(last.Error, says), last.Error)
		require.True(t, last.Final, last.Error)
	}
}

func TestErrorsAreThoseOfExperiments(t *testing.T) {
	opt := experiments.ModelOptions{
		Cell: tinyPlan(t).Cells[0], Images: 320, Mean: []float64{0.5}, Std: []float64{0.25}, Device: "cpu", Threads: 1,
	}
	_, err := LibTorch{}.NewModel(with(opt, func(o *experiments.ModelOptions) { o.Images = 1 }))
	require.ErrorIs(t, err, experiments.ErrOptions)
	_, err = LibTorch{}.NewModel(with(opt, func(o *experiments.ModelOptions) { o.Device = "tpu" }))
	require.ErrorIs(t, err, hardware.ErrDevice)
	model, err := LibTorch{}.NewModel(opt)
	require.NoError(t, err)
	model.Close()
}

func with(opt experiments.ModelOptions, change func(*experiments.ModelOptions)) experiments.ModelOptions {
	change(&opt)
	return opt
}

// A worker is killed before the second and the third epoch, and the result is
// that of a training without a break.
func TestKilledTrainingIsBitIdentical(t *testing.T) {
	cell := tinyPlan(t).Cells[2]
	cell.Model.Width = 4
	hash, err := cell.Hash()
	require.NoError(t, err)
	var results []string
	for _, epoch := range []int{0, 2, 3} {
		store, err := experiments.OpenStore(t.TempDir())
		require.NoError(t, err)
		resumed := 0
		runner := &experiments.Runner{
			Store: store, Artefacts: keepModels, Workers: 1, Threads: 1, Device: "cpu",
			Command: testEngine(killBefore+"="+strconv.Itoa(epoch), killMarker+"="+filepath.Join(t.TempDir(), "killed")),
			Observer: experiments.ObserverFunc(func(e experiments.Event) {
				if e.Kind == experiments.KindResumed {
					resumed++
				}
			}),
		}
		outcome, err := runner.Run(context.Background(), []experiments.Cell{cell})
		require.NoError(t, err)
		require.Equal(t, &experiments.Outcome{Cells: 1, Trained: 1}, outcome)
		require.Equal(t, min(epoch, 1), resumed)
		record, err := store.Read(hash)
		require.NoError(t, err)
		results = append(results, record.Result.Digest+weights(t, store, cell))
	}
	require.Equal(t, results[0], results[1])
	require.Equal(t, results[0], results[2])
}

func TestSpeedIsMeasured(t *testing.T) {
	store, err := experiments.OpenStore(t.TempDir())
	require.NoError(t, err)
	sweep, err := experiments.NewSweep(context.Background(), []experiments.SweepPoint{{Config: tinyConfig(t)}}, loadTiny)
	require.NoError(t, err)
	info, err := LibTorch{}.Describe()
	require.NoError(t, err)
	got, err := experiments.Estimator{
		Engine: info, Store: store, Command: testEngine(), Device: "cpu", Workers: 1, Threads: 1,
	}.Estimate(context.Background(), sweep)
	require.NoError(t, err)
	require.Positive(t, got.Speeds[0].ImagesPerSecond)
	require.Equal(t, 5, got.Models)
	stored, err := filepath.Glob(filepath.Join(store.Dir(), "*", experiments.ResultFile))
	require.NoError(t, err)
	require.Empty(t, stored)
}
