package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// libTorchJob trains the game of two attackers on the tiny set with the real
// engine.
func libTorchJob(t *testing.T, change func(*Cell)) (Job, []Event) {
	t.Helper()
	cell := newTinyPlan(t).Cells[2]
	cell.Model.Width = 4
	change(&cell)
	job := newJob(t, cell)
	return job, work(t, &Worker{Engine: LibTorch{}, Load: loadTiny}, job)
}

func TestLibTorchTrainsTheSameModelTwice(t *testing.T) {
	var results []string
	for range 2 {
		job, events := libTorchJob(t, func(*Cell) {})
		require.Equal(t, KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		data, err := os.ReadFile(filepath.Join(job.Dir, ResultFile))
		require.NoError(t, err)
		results = append(results, string(data))
		var result Result
		require.NoError(t, readJSON(filepath.Join(job.Dir, ResultFile), &result))
		require.False(t, result.Collapsed, "clean accuracy %v", result.CleanAccuracy)
		var environment Environment
		require.NoError(t, readJSON(filepath.Join(job.Dir, EnvironmentFile), &environment))
		require.Equal(t, "libtorch", environment.Engine.Name)
		require.NotEmpty(t, environment.Engine.Version)
		var timing Timing
		require.NoError(t, readJSON(filepath.Join(job.Dir, TimingFile), &timing))
		require.Positive(t, timing.ImagesPerSecond)
	}
	require.Equal(t, results[0], results[1])
}

func TestLibTorchWithAnAbsurdLearningRate(t *testing.T) {
	_, events := libTorchJob(t, func(c *Cell) { c.Training.LearningRate = 1e30 })
	last := events[len(events)-1]
	require.Equal(t, KindFailed, last.Kind)
	require.Contains(t, last.Error, "diverged")
	require.Equal(t, 1, strings.Count(last.Error, "diverged"), last.Error)
	require.True(t, last.Final)
}

func TestLibTorchRefusesAnotherArchitecture(t *testing.T) {
	_, events := libTorchJob(t, func(c *Cell) { c.Model.Architecture = "vgg" })
	last := events[len(events)-1]
	require.Equal(t, KindFailed, last.Kind)
	require.Contains(t, last.Error, "vgg")
}
