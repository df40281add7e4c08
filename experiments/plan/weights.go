package plan

import (
	"fmt"

	"backfire/experiments/cell"
)

// weightFiles holds the files of initial weights that a sweep has read, each once.
type weightFiles struct {
	sums  map[weightFile]string
	paths map[string]string // by SHA-256
}

// weightFile is a file that was checked for a network.
type weightFile struct {
	path    string
	network cell.Model
}

// newWeightFiles returns an empty collection.
func newWeightFiles() *weightFiles {
	return &weightFiles{sums: map[weightFile]string{}, paths: map[string]string{}}
}

// sum returns the SHA-256 of a file of initial weights that fit the network of a cell; an empty path gives an
// empty text. The error wraps cell.ErrWeights.
func (w *weightFiles) sum(path string, c cell.Cell) (string, error) {
	if path == "" {
		return "", nil
	}
	file := weightFile{path, cell.Model{Architecture: c.Model.Architecture, Stem: c.Model.Stem, Width: c.Model.Width}}
	if sum, ok := w.sums[file]; ok {
		return sum, nil
	}
	_, sum, err := c.ReadWeights(path)
	if err != nil {
		return "", fmt.Errorf("model.weights: %w", err)
	}
	w.sums[file], w.paths[sum] = sum, path
	return sum, nil
}
