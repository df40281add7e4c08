package engine

import (
	"encoding/binary"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/safetensors"
)

// smallCell returns a cell with a small network, of two epochs.
func smallCell(t *testing.T) cell.Cell {
	t.Helper()
	c := tinyPlan(t, "train.epochs=2").Cells[0]
	c.Model.Width = 4
	return c
}

// drawn returns the initial weights that a cell draws.
func drawn(t *testing.T, c cell.Cell) []safetensors.Tensor {
	t.Helper()
	model, err := LibTorch{}.NewModel(worker.ModelOptions{Cell: c, Images: 320, Mean: []float64{0.5}, Std: []float64{0.5}, Device: "cpu", Threads: 1})
	require.NoError(t, err)
	defer model.Close()
	state, err := model.State()
	require.NoError(t, err)
	return state.Model
}

// startingFrom returns a request to train a cell with initial weights from a file.
func startingFrom(t *testing.T, c cell.Cell, path string) worker.Train {
	t.Helper()
	var err error
	_, c.Model.Weights, err = c.ReadWeights(path)
	require.NoError(t, err)
	request := enginetest.NewTrain(t, c)
	request.Weights = path
	return request
}

// figures returns the figures of a result that the weights of the model decide, and its
// predictions.
func figures(t *testing.T, dir string) map[string]any {
	t.Helper()
	var r map[string]any
	readJSON(t, filepath.Join(dir, store.ResultFile), &r)
	for _, other := range []string{"cell", "digest", "run"} {
		delete(r, other)
	}
	predicted, err := os.ReadFile(filepath.Join(dir, store.PredictionsFile))
	require.NoError(t, err)
	r["predicted"] = string(predicted)
	return r
}

// weightsFile writes tensors as a file of initial weights.
func weightsFile(t *testing.T, tensors []safetensors.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	writeFile(t, path, func(w io.Writer) error { return safetensors.Write(w, safetensors.File{Tensors: tensors}) })
	return path
}

// The parameters of a cell are those of the network that is trained.
func TestParametersAreThoseOfTheNetwork(t *testing.T) {
	c := smallCell(t)
	var want, got []cell.Parameter
	for _, tensor := range drawn(t, c) {
		want = append(want, cell.Parameter{Name: tensor.Name, Shape: tensor.Shape})
	}
	require.ElementsMatch(t, want, append(got, c.Parameters()...))
}

// A training that starts from the weights that it would draw is the training that draws
// them, bit for bit. One that starts from another seed's is not, unless only the layers
// that are drawn anyway differ.
func TestInitialWeightsReplaceDrawnOnes(t *testing.T) {
	c := smallCell(t)
	want := figures(t, played(t, c))
	train := func(tensors []safetensors.Tensor) map[string]any {
		request := startingFrom(t, c, weightsFile(t, tensors))
		events := work(t, LibTorch{}, request)
		require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
		return figures(t, request.Dir)
	}
	require.Equal(t, want, train(drawn(t, c)))

	other := c
	other.Game.Seed++
	tensors := drawn(t, other)
	require.NotEqual(t, want["final_loss"], train(tensors)["final_loss"])

	mixed := drawn(t, c)
	for i, tensor := range mixed {
		switch tensor.Name {
		case "conv1.weight": // that of a network for large colour images
			mixed[i] = safetensors.Tensor{Name: tensor.Name, Shape: []int64{4, 3, 7, 7}, Values: make([]float32, 4*3*7*7)}
		case "fc.bias":
			mixed[i] = safetensors.Tensor{Name: tensor.Name, Shape: []int64{1000}, Values: make([]float32, 1000)}
		}
	}
	require.Equal(t, want, train(mixed), "the stem and the last layer are drawn")
}

// A file that is gone or has changed since the plan ends the training for good. A
// checkpoint needs no initial weights.
func TestInitialWeightsThatChanged(t *testing.T) {
	c := smallCell(t)
	tensors := drawn(t, c)
	path := weightsFile(t, tensors)
	request := startingFrom(t, c, path)
	tensors[0].Values[0]++
	require.NoError(t, os.Rename(weightsFile(t, tensors), path))
	refused := func(text string) {
		events := work(t, LibTorch{}, request)
		last := events[len(events)-1]
		require.Equal(t, worker.KindFailed, last.Kind)
		require.True(t, last.Final)
		require.Contains(t, last.Error, text)
	}
	refused("the file has changed")
	require.NoError(t, os.Remove(path))
	refused("no such file")
	request.Weights = ""
	refused("model.weights names none")
}

// The script turns a PyTorch state dict, with the counters, names and layers of another
// program, into a file of initial weights with the same values.
func TestScriptMakesInitialWeights(t *testing.T) {
	python := pythonWithTorch(t)
	run := func(args ...string) (string, error) {
		text, err := exec.Command(python, args...).CombinedOutput()
		return string(text), err
	}
	dir := t.TempDir()
	state, made, plain := filepath.Join(dir, "state.pt"), filepath.Join(dir, "made.safetensors"), filepath.Join(dir, "values.bin")
	text, err := run("-c", `
import sys, torch
sys.path.insert(0, sys.argv[1])
from load_model import ResNet18
torch.manual_seed(1)
model = ResNet18(4, 3, 1000)
state = model.state_dict()
torch.save({"epoch": 7, "state_dict": {"module." + name: value.double() for name, value in state.items()}}, sys.argv[2])
state["layer2.0.downsample.0.weight"].numpy().tofile(sys.argv[3])
torch.save({"fc.weights": torch.zeros(1)}, sys.argv[2] + "2")
`, filepath.Join("..", "scripts"), state, plain)
	require.NoError(t, err, text)
	script := filepath.Join("..", "scripts", "initial_weights.py")
	text, err = run(script, state, made, "--key", "state_dict", "--prefix", "module.")
	require.NoError(t, err, text)
	require.Regexp(t, `^102 tensors, \d+ values\n$`, text)
	text, err = run(script, state+"2", made+"2")
	require.Error(t, err)
	require.Contains(t, text, "fc.weights is not the name of a parameter of a ResNet-18")

	c := smallCell(t)
	weights, _, err := c.ReadWeights(made)
	require.NoError(t, err)
	require.Len(t, weights, len(c.Parameters())-3)
	want, err := os.ReadFile(plain)
	require.NoError(t, err)
	require.Equal(t, want, littleEndian(weights["layer2.0.downsample.0.weight"]))
	request := startingFrom(t, c, made)
	events := work(t, LibTorch{}, request)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
}

// littleEndian returns the bytes of values.
func littleEndian(values []float32) []byte {
	var bytes []byte
	for _, v := range values {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
	}
	return bytes
}
