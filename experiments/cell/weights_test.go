package cell_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/internal/enginetest"
	"backfire/internal/safetensors"
)

// narrow returns a cell with a network of few weights.
func narrow() cell.Cell {
	c := enginetest.ExampleCell()
	c.Model.Width = 2
	return c
}

// weightTensors returns a tensor for each parameter of a cell's network, with values that differ.
func weightTensors(c cell.Cell) []safetensors.Tensor {
	var tensors []safetensors.Tensor
	next := float32(0)
	for _, p := range c.Parameters() {
		n := 1
		for _, d := range p.Shape {
			n *= int(d)
		}
		values := make([]float32, n)
		for i := range values {
			next++
			values[i] = next
		}
		tensors = append(tensors, safetensors.Tensor{Name: p.Name, Shape: p.Shape, Values: values})
	}
	return tensors
}

// encoded returns tensors as a safetensors file.
func encoded(t *testing.T, tensors []safetensors.Tensor) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, safetensors.Write(&file, safetensors.File{Tensors: tensors}))
	return file.Bytes()
}

// weightsPath writes a file and returns its path.
func weightsPath(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

// set replaces or removes a tensor.
func set(tensors []safetensors.Tensor, name string, replacement ...safetensors.Tensor) []safetensors.Tensor {
	at := slices.IndexFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == name })
	return slices.Replace(slices.Clone(tensors), at, at+1, replacement...)
}

func TestReadWeights(t *testing.T) {
	c := narrow()
	all := weightTensors(c)
	content := encoded(t, all)
	weights, sum, err := c.ReadWeights(weightsPath(t, content))
	require.NoError(t, err)
	want := sha256.Sum256(content)
	require.Equal(t, hex.EncodeToString(want[:]), sum)
	require.Len(t, weights, len(all))
	for _, tensor := range all {
		require.Equal(t, tensor.Values, weights[tensor.Name])
	}

	// The stem and the last layer may differ, or be missing, as those of ImageNet's networks.
	imagenet := set(set(all, "conv1.weight", safetensors.Tensor{Name: "conv1.weight", Shape: []int64{2, 3, 7, 7}, Values: make([]float32, 2*3*49)}),
		"fc.weight", safetensors.Tensor{Name: "fc.weight", Shape: []int64{1000, 16}, Values: make([]float32, 16000)})
	for name, tensors := range map[string][]safetensors.Tensor{
		"other shapes": imagenet, "missing": set(set(set(all, "conv1.weight"), "fc.weight"), "fc.bias"),
		"a bias alone": set(set(all, "conv1.weight"), "fc.weight"),
	} {
		weights, _, err := c.ReadWeights(weightsPath(t, encoded(t, tensors)))
		require.NoError(t, err, name)
		require.Len(t, weights, len(all)-3, name)
		require.NotContains(t, weights, "conv1.weight")
		require.NotContains(t, weights, "fc.weight")
		require.NotContains(t, weights, "fc.bias")
		require.Contains(t, weights, "bn1.weight")
	}
}

func TestBadWeightsAreRefused(t *testing.T) {
	c := narrow()
	all := weightTensors(c)
	vector := func(name string, values ...float32) safetensors.Tensor {
		return safetensors.Tensor{Name: name, Shape: []int64{int64(len(values))}, Values: values}
	}
	huge := binary.LittleEndian.AppendUint64(nil, math.MaxUint64)
	integers := []byte(`{"bn1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`)
	wide := narrow()
	wide.Model.Width = 3
	for want, content := range map[string][]byte{
		"it lacks layer4.1.bn2.weight, which a network of width 2 has":     encoded(t, set(all, "layer4.1.bn2.weight")),
		"bn1.bias has the shape [3] instead of [2] (model.width is 2)":     encoded(t, set(all, "bn1.bias", vector("bn1.bias", 1, 2, 3))),
		"bn1.weight has the shape [3] instead of [2] (model.width is 2)":   encoded(t, weightTensors(wide)),
		"it has layer5.weight, which the network has not":                  encoded(t, append(slices.Clone(all), vector("layer5.weight", 1))),
		"value 1 of bn1.bias is NaN":                                       encoded(t, set(all, "bn1.bias", vector("bn1.bias", 1, float32(math.NaN())))),
		"value 0 of bn1.running_var is -1":                                 encoded(t, set(all, "bn1.running_var", vector("bn1.running_var", -1, 1))),
		"value 0 of bn1.running_mean is +Inf":                              encoded(t, set(all, "bn1.running_mean", vector("bn1.running_mean", float32(math.Inf(1)), 1))),
		"not a safetensors file of float32 values: a header of 1844674407": huge,
		"no header (scripts/initial_weights.py makes such a file":          {},
		`bn1.num_batches_tracked has type "I64"`:                           append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(integers))), integers...), make([]byte, 8)...),
		"the values of fc.weight are cut off":                              encoded(t, all)[:len(encoded(t, all))-100],
	} {
		_, _, err := c.ReadWeights(weightsPath(t, content))
		require.ErrorIs(t, err, cell.ErrWeights)
		require.ErrorContains(t, err, want)
	}
	// A file that is far too large is refused before it is read.
	path := weightsPath(t, nil)
	require.NoError(t, os.Truncate(path, 1<<40))
	_, _, err := c.ReadWeights(path)
	require.ErrorContains(t, err, "it has 1099511627776 bytes, and a network of width 2 no more than")
	_, _, err = c.ReadWeights(t.TempDir())
	require.ErrorContains(t, err, "it is not a regular file")
	_, _, err = c.ReadWeights(path + "2")
	require.ErrorIs(t, err, cell.ErrWeights)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A file that is gone or has changed since the cell was planned is refused.
func TestCheckWeights(t *testing.T) {
	c := narrow()
	all := weightTensors(c)
	path := weightsPath(t, encoded(t, all))
	var err error
	_, c.Model.Weights, err = c.ReadWeights(path)
	require.NoError(t, err)
	weights, err := c.CheckWeights(path)
	require.NoError(t, err)
	require.Len(t, weights, len(all))
	all[0].Values[0]++
	_, err = c.CheckWeights(weightsPath(t, encoded(t, all)))
	require.ErrorIs(t, err, cell.ErrWeights)
	require.ErrorContains(t, err, "the file has changed: SHA-256 ")
	_, err = c.CheckWeights("")
	require.ErrorIs(t, err, cell.ErrWeights)
	require.ErrorContains(t, err, "and model.weights names none")
}
