package engine

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/cachedir"
	"backfire/internal/enginetest"
	"backfire/internal/npz"
)

// withModel trains the game of two attackers and stores the model and the
// training set.
func withModel(t *testing.T) worker.Train {
	t.Helper()
	request, events := trained(t, func(r *worker.Train) { r.Artefacts = store.Artefacts{Model: true, Archive: true} })
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	return request
}

func predictions(t *testing.T, path string) []byte {
	t.Helper()
	predicted, err := os.ReadFile(path)
	require.NoError(t, err)
	return predicted
}

func TestStoredModelPredictsTheSame(t *testing.T) {
	request := withModel(t)
	again := worker.Predict{Setup: request.Setup, Dir: t.TempDir(), Model: filepath.Join(request.Dir, store.ModelFile)}
	events := work(t, LibTorch{}, again)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	require.Equal(t, predictions(t, filepath.Join(request.Dir, store.PredictionsFile)), predictions(t, filepath.Join(again.Dir, store.PredictionsFile)))

	again.Cell.Game.Seed++
	events = work(t, LibTorch{}, again)
	require.Equal(t, worker.KindFailed, events[len(events)-1].Kind)
	require.Contains(t, events[len(events)-1].Error, "its metadata has ")
}

// pythonWithTorch returns a Python interpreter that has PyTorch: the one that BACKFIRE_PYTHON
// names, or that of the benchmark (scripts/bench.sh) in the cache directory.
func pythonWithTorch(t *testing.T) string {
	t.Helper()
	if python := os.Getenv("BACKFIRE_PYTHON"); python != "" {
		return python
	}
	cache, err := cachedir.Dir(os.Getenv)
	require.NoError(t, err)
	found, err := filepath.Glob(filepath.Join(cache, "python-torch-*", "bin", "python"))
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("no Python with PyTorch: set BACKFIRE_PYTHON, or let make bench make one")
	}
	return found[len(found)-1]
}

// inColour trains the game of two attackers on colour images and stores the model and the training
// set.
func inColour(t *testing.T) worker.Train {
	t.Helper()
	set, err := testset.NewColour(1)
	require.NoError(t, err)
	plan, err := plan.New(tinyConfig(t,
		"attackers.counts=2", "attackers.singles=0", "attackers.label=green left", "attackers.p=0.2", "model.width=4", "train.epochs=6"), set)
	require.NoError(t, err)
	request := enginetest.NewTrain(t, plan.Cells[0])
	request.Source.Path, request.Artefacts = "colour", store.Artefacts{Model: true, Archive: true}
	events := work(t, LibTorch{}, request)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	return request
}

// channelsLast returns images, given channel by channel, in the order of pixels, as pictures have
// them.
func channelsLast(images []uint8, n, channels, plane int) []uint8 {
	pixels := make([]uint8, 0, len(images))
	for i := range n {
		for at := range plane {
			for c := range channels {
				pixels = append(pixels, images[(i*channels+c)*plane+at])
			}
		}
	}
	return pixels
}

// A stored model loads into PyTorch with strict=True and predicts the classes in predictions.bin,
// in grey and in colour. Sums in another order may change the class of the odd image that lies
// between two classes.
func TestStoredModelPredictsTheSameInPyTorch(t *testing.T) {
	python := pythonWithTorch(t)
	for name, tc := range map[string]struct {
		train func(*testing.T) worker.Train
		set   func(uint64) (*datasets.Set, error)
	}{
		"grey":   {withModel, testset.New},
		"colour": {inColour, testset.NewColour},
	} {
		t.Run(name, func(t *testing.T) {
			request := tc.train(t)
			set, err := tc.set(1)
			require.NoError(t, err)
			g, err := game.New(set, request.Cell.Game)
			require.NoError(t, err)
			probes := g.Probes()
			shape := probes.Shape
			images, out := filepath.Join(request.Dir, "probes.npz"), filepath.Join(request.Dir, "python.bin")
			writeFile(t, images, func(w io.Writer) error {
				return npz.Write(w, npz.Array{
					Name: "images", Shape: []int{probes.N, shape.H, shape.W, shape.C}, Values: channelsLast(probes.Images, probes.N, shape.C, shape.Plane()),
				})
			})
			loadModel := func(args ...string) string {
				args = append([]string{filepath.Join("..", "scripts", "load_model.py"), filepath.Join(request.Dir, store.ModelFile)}, args...)
				text, err := exec.Command(python, args...).CombinedOutput()
				require.NoError(t, err, string(text))
				return string(text)
			}
			loadModel("--images", images, "--out", out)
			got, want := predictions(t, out), predictions(t, filepath.Join(request.Dir, store.PredictionsFile))
			require.Len(t, got, len(want))
			classes, differing := map[byte]bool{}, 0
			for i := range want {
				classes[want[i]] = true
				if got[i] != want[i] {
					differing++
				}
			}
			require.Greater(t, len(classes), 2, "a model that gives one class to most images would show nothing")
			require.LessOrEqual(t, differing, len(want)/100)
			require.Regexp(t, `^\d+ parameters\n[01]\.\d+ of 320 images are predicted as labelled\n$`,
				loadModel("--images", filepath.Join(request.Dir, store.TrainingFile)))
		})
	}
}

func writeFile(t *testing.T, path string, write func(io.Writer) error) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, write(file))
	require.NoError(t, file.Close())
}
