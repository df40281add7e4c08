package engine

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/network"
)

// moduleCell returns the cell of a game whose network is a module.
func moduleCell(t *testing.T, module string) cell.Cell {
	t.Helper()
	planned := tinyPlan(t, "attackers.counts=1", "attackers.singles=0", "train.epochs=3", "train.lr=0.01", "model.file="+module)
	return planned.First()
}

// A module learns as in PyTorch, and gives the probabilities and features of PyTorch.
func TestModuleLearnsAsInPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/learnt.json")
	require.NoError(t, err)
	var want struct{ Losses, Probabilities, Features []float32 }
	require.NoError(t, json.Unmarshal(text, &want))
	const path, images = "testdata/module-without-dropout.pt", 32
	c := moduleCell(t, path)
	c.Training = cell.Training{Epochs: len(want.Losses), Batch: images, Optimizer: "sgd", LearningRate: 0.1, Momentum: 0.9, Schedule: "constant"}
	model, err := LibTorch{}.NewModel(worker.ModelOptions{
		Cell: c, Images: images, Mean: []float64{0.5}, Std: []float64{0.25}, Device: "cpu", Threads: 1, Module: path,
	})
	require.NoError(t, err)
	defer model.Close()
	pixels, labels, order := make([]uint8, images*64), make([]uint16, images), make([]int32, images)
	for i := range pixels {
		pixels[i] = uint8(i * 7919 % 251)
	}
	for i := range labels {
		labels[i], order[i] = uint16(i%4), int32(i)
	}
	require.NoError(t, model.Upload(pixels, labels))
	for _, loss := range want.Losses {
		stats, err := model.Epoch(order, nil)
		require.NoError(t, err)
		require.InEpsilon(t, float64(loss), stats.Loss, 1e-4)
	}
	probabilities, err := model.Probabilities(pixels)
	require.NoError(t, err)
	require.InDeltaSlice(t, want.Probabilities, probabilities, 1e-4)
	features, err := model.Features(pixels)
	require.NoError(t, err)
	require.InDeltaSlice(t, want.Features, features, 1e-3)
}

// A training with dropout that was interrupted ends with the bits of one that was not, and its
// stored model answers as it did.
func TestModulesResumeAndAnswer(t *testing.T) {
	const path = "testdata/module.pt"
	c := moduleCell(t, path)
	digest := func(dir string) (result store.Result) {
		readJSON(t, filepath.Join(dir, store.ResultFile), &result)
		return result
	}
	whole := enginetest.NewTrain(t, c)
	whole.Module, whole.Artefacts = path, store.Artefacts{Model: true}
	events := work(t, LibTorch{}, whole)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)

	broken := enginetest.NewTrain(t, c)
	broken.Module, broken.Artefacts, broken.Checkpoint = path, whole.Artefacts, filepath.Join(t.TempDir(), "checkpoint.safetensors")
	events = work(t, striking{LibTorch{}, 3, func() error { return errors.New("no luck") }}, broken)
	require.Equal(t, worker.KindFailed, events[len(events)-1].Kind)
	broken.Dir = t.TempDir()
	events = work(t, LibTorch{}, broken)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	require.Equal(t, digest(whole.Dir).Digest, digest(broken.Dir).Digest)

	answer := worker.Predict{Setup: whole.Setup, Dir: t.TempDir(), Model: filepath.Join(whole.Dir, store.ModelFile)}
	events = work(t, LibTorch{}, answer)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	for _, file := range []string{store.PredictionsFile} {
		stored, err := os.ReadFile(filepath.Join(whole.Dir, file))
		require.NoError(t, err)
		answered, err := os.ReadFile(filepath.Join(answer.Dir, file))
		require.NoError(t, err)
		require.Equal(t, stored, answered)
	}
}

// What a module cannot be is refused before anything is trained.
func TestModulesAreRefused(t *testing.T) {
	copied := func(from string) string {
		code, err := os.ReadFile(from)
		require.NoError(t, err)
		to := filepath.Join(t.TempDir(), "net.pt")
		require.NoError(t, os.WriteFile(to, code, 0o600))
		return to
	}
	for _, c := range []struct {
		name, file, says string
		sets             []string
	}{
		{"no description", "testdata/undescribed.pt", "scripts/torchscript_module.py", nil},
		{"no archive", "testdata/learnt.json", "no archive of TorchScript", nil},
		{"none", "testdata/missing.pt", "no such file", nil},
		{"bf16", "testdata/module.pt", "bf16", []string{"train.precision=bf16"}},
		{"exec", "testdata/module.pt", "in place of the network", []string{"defenders=exec(command=" + os.Args[0] + ")"}},
		{"divergence", "testdata/plain.pt", "artefacts.divergence", []string{"artefacts.divergence=true"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := tinyConfig(t, append(c.sets, "attackers.counts=2", "attackers.singles=0", "model.file="+c.file)...)
			_, err := plan.New(cfg, setFor(t, ""))
			require.ErrorIs(t, err, cell.ErrPlan)
			require.ErrorContains(t, err, c.says)
		})
	}
	t.Run("other images", func(t *testing.T) {
		_, err := plan.New(tinyConfig(t, "attackers.singles=0", "attackers.label=#1", "model.file=testdata/module.pt"), setFor(t, "vgg11_bn"))
		require.ErrorIs(t, err, network.ErrModule)
		require.ErrorContains(t, err, "--shape 3x32x32")
	})
	for name, says := range map[string]string{"writing.pt": "aten::save", "infinite.pt": "not finite"} {
		t.Run(name, func(t *testing.T) {
			path := "testdata/" + name
			request := enginetest.NewTrain(t, moduleCell(t, path))
			request.Module = path
			events := work(t, LibTorch{}, request)
			last := events[len(events)-1]
			require.Equal(t, worker.KindFailed, last.Kind)
			require.Contains(t, last.Error, says)
			require.True(t, last.Final, "another attempt would fail, too")
		})
	}
	t.Run("another file", func(t *testing.T) {
		request := enginetest.NewTrain(t, moduleCell(t, "testdata/module.pt"))
		request.Module = copied("testdata/plain.pt")
		events := work(t, LibTorch{}, request)
		require.Contains(t, events[len(events)-1].Error, "instead of")
	})
}
