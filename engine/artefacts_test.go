package engine

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets/testset"
	"backfire/experiments"
	"backfire/game"
	"backfire/npz"
)

// withModel trains the game of two attackers and stores the model and the
// training set.
func withModel(t *testing.T) experiments.Job {
	t.Helper()
	job, events := trained(t, func(j *experiments.Job) { j.Artefacts = experiments.Artefacts{Model: true, Archive: true} })
	require.Equal(t, experiments.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	return job
}

func predictions(t *testing.T, path string) []byte {
	t.Helper()
	predicted, err := os.ReadFile(path)
	require.NoError(t, err)
	return predicted
}

func TestStoredModelPredictsTheSame(t *testing.T) {
	job := withModel(t)
	again := newJob(t, job.Cell)
	again.Predict = filepath.Join(job.Dir, experiments.ModelFile)
	events := work(t, LibTorch{}, again)
	require.Equal(t, experiments.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	require.Equal(t, predictions(t, filepath.Join(job.Dir, experiments.PredictionsFile)), predictions(t, filepath.Join(again.Dir, experiments.PredictionsFile)))

	again.Cell.Game.Seed++
	events = work(t, LibTorch{}, again)
	require.Equal(t, experiments.KindFailed, events[len(events)-1].Kind)
	require.Contains(t, events[len(events)-1].Error, "it says ")
}

// pythonWithTorch is a Python interpreter that has PyTorch: the one that
// BACKFIRE_PYTHON names, or that of the benchmark (scripts/bench.sh) in the cache
// directory.
func pythonWithTorch(t *testing.T) string {
	t.Helper()
	if python := os.Getenv("BACKFIRE_PYTHON"); python != "" {
		return python
	}
	cache := os.Getenv("BACKFIRE_CACHE")
	if cache == "" {
		user, err := os.UserCacheDir()
		require.NoError(t, err)
		cache = filepath.Join(user, "backfire")
	}
	found, err := filepath.Glob(filepath.Join(cache, "python-torch-*", "bin", "python"))
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("no Python with PyTorch: set BACKFIRE_PYTHON, or let make bench make one")
	}
	return found[len(found)-1]
}

// A stored model loads into PyTorch with strict=True and predicts there what
// predictions.bin has. Sums in another order may turn the odd image that lies
// between two classes.
func TestStoredModelPredictsTheSameInPyTorch(t *testing.T) {
	python := pythonWithTorch(t)
	job := withModel(t)
	set, err := testset.New(1)
	require.NoError(t, err)
	g, err := game.New(set, job.Cell.Game)
	require.NoError(t, err)
	probes := g.Probes() // of one channel: the order of pixels is the same
	images, out := filepath.Join(job.Dir, "probes.npz"), filepath.Join(job.Dir, "python.bin")
	writeFile(t, images, func(w io.Writer) error {
		return npz.Write(w, npz.Array{Name: "images", Shape: []int{probes.N, probes.Shape.H, probes.Shape.W, 1}, Values: probes.Images})
	})
	loadModel := func(args ...string) string {
		args = append([]string{filepath.Join("..", "scripts", "load_model.py"), filepath.Join(job.Dir, experiments.ModelFile)}, args...)
		text, err := exec.Command(python, args...).CombinedOutput()
		require.NoError(t, err, string(text))
		return string(text)
	}
	loadModel("--images", images, "--out", out)
	got, want := predictions(t, out), predictions(t, filepath.Join(job.Dir, experiments.PredictionsFile))
	require.Len(t, got, len(want))
	differing := 0
	for i := range want {
		if got[i] != want[i] {
			differing++
		}
	}
	require.LessOrEqual(t, differing, len(want)/100)
	require.Regexp(t, `^\d+ parameters\n0\.\d+ of 320 images are predicted as their label\n$`,
		loadModel("--images", filepath.Join(job.Dir, experiments.TrainingFile)))
}

func writeFile(t *testing.T, path string, write func(io.Writer) error) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, write(file))
	require.NoError(t, file.Close())
}
