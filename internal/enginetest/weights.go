package enginetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/internal/safetensors"
)

// WriteWeights writes a file of initial weights for the network of a cell, all with one value, and
// returns its path: the given one, or a temporary one if that is empty.
func WriteWeights(t *testing.T, path string, c cell.Cell, value float32) string {
	t.Helper()
	if path == "" {
		path = filepath.Join(t.TempDir(), "weights.safetensors")
	}
	var content safetensors.File
	for _, p := range c.Parameters() {
		n := int64(1)
		for _, d := range p.Shape {
			n *= d
		}
		tensor := safetensors.Tensor{Name: p.Name, Shape: p.Shape, Values: make([]float32, n)}
		for i := range tensor.Values {
			tensor.Values[i] = value
		}
		content.Tensors = append(content.Tensors, tensor)
	}
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, safetensors.Write(file, content))
	require.NoError(t, file.Close())
	return path
}
