package cell

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"backfire/internal/disk"
	"backfire/internal/network"
	"backfire/internal/safetensors"
)

// ErrWeights marks a file of initial weights that cannot be used: it is missing, damaged, not the one that was
// planned with, or of another network.
var ErrWeights = errors.New("unusable initial weights")

// Parameter is a tensor of a network.
type Parameter struct {
	Name  string // torchvision's
	Shape []int64
}

// Network returns the description of the cell's network. The cell must be valid.
func (c Cell) Network() *network.Network {
	n, err := network.Describe(network.Spec{
		Architecture: c.Model.Architecture, Stem: c.Model.Stem, Width: c.Model.Width, Channels: c.Data.Shape.C, Classes: len(c.Data.Classes),
	})
	if err != nil { // Validate refuses it
		return &network.Network{}
	}
	return n
}

// ModelBytes returns the size of the network's tensors in bytes, which is nearly that of a stored model.
func (c Cell) ModelBytes() int64 {
	const perValue = 4 // float32
	var total int64
	for _, p := range c.Parameters() {
		values := int64(1)
		for _, n := range p.Shape {
			values *= n
		}
		total += perValue * values
	}
	return total
}

// Parameters lists the tensors of the cell's network, weights and running statistics, under torchvision's names.
func (c Cell) Parameters() []Parameter {
	var list []Parameter
	for _, t := range c.Network().Tensors() {
		list = append(list, Parameter(t))
	}
	return list
}

// spareBytes is how much larger than the network a file of initial weights may be: its header, and a stem and a
// last layer of other shapes.
const spareBytes = 256 << 20

// ReadWeights reads a file of initial weights for the cell's network and returns the weights that the network
// takes from it, by name, and the SHA-256 of the file. The stem's convolution and the last layer may be missing
// or have other shapes; they are left out then, the last layer as a whole. All other tensors of the network must
// be there in their shapes, and no others. The file must be a regular one and not much larger than the network,
// and its values must be finite, variances not negative. The error wraps ErrWeights and names the file and the
// tensor that is at fault.
func (c Cell) ReadWeights(path string) (weights map[string][]float32, sum string, err error) {
	fail := func(err error) (map[string][]float32, string, error) {
		return nil, "", fmt.Errorf("cell: initial weights %s: %w: %w", path, ErrWeights, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fail(err)
	}
	size := int64(spareBytes)
	for _, p := range c.Parameters() {
		size += 4 * elements(p.Shape)
	}
	switch {
	case !info.Mode().IsRegular():
		return fail(errors.New("it is not a regular file"))
	case info.Size() > size:
		return fail(fmt.Errorf("it has %d bytes, and a network of width %d no more than %d", info.Size(), c.Model.Width, size))
	}
	file, err := disk.Open(path)
	if err != nil {
		return fail(err)
	}
	defer file.Close()
	digest := sha256.New()
	content, err := safetensors.Read(io.TeeReader(file, digest), info.Size())
	if err != nil {
		return fail(fmt.Errorf("%w (scripts/initial_weights.py makes such a file from a PyTorch state dict)", err))
	}
	if weights, err = c.initialWeights(content.Tensors); err != nil {
		return fail(err)
	}
	return weights, hex.EncodeToString(digest.Sum(nil)), nil
}

// CheckWeights reads a file of initial weights and compares its SHA-256 with the cell's. The result and the
// errors are those of ReadWeights.
func (c Cell) CheckWeights(path string) (map[string][]float32, error) {
	if path == "" {
		return nil, fmt.Errorf("cell: initial weights: %w: the model starts from a file with SHA-256 %.12s, and model.weights names none", ErrWeights, c.Model.Weights)
	}
	weights, sum, err := c.ReadWeights(path)
	if err == nil && sum != c.Model.Weights {
		err = fmt.Errorf("cell: initial weights %s: %w: the file has changed: SHA-256 %.12s instead of %.12s", path, ErrWeights, sum, c.Model.Weights)
	}
	return weights, err
}

// initialWeights returns the values of tensors that the network takes, by name.
func (c Cell) initialWeights(tensors []safetensors.Tensor) (map[string][]float32, error) {
	given := map[string]safetensors.Tensor{}
	for _, t := range tensors {
		given[t.Name] = t
	}
	weights, other, net := map[string][]float32{}, false, c.Network()
	for _, p := range c.Parameters() {
		t, ok := given[p.Name]
		delete(given, p.Name)
		switch {
		case ok && slices.Equal(t.Shape, p.Shape):
			if err := checkValues(t); err != nil {
				return nil, err
			}
			weights[p.Name] = t.Values
		// The first convolution and the last layer depend on the images, not on the network.
		case p.Name == net.Stem+".weight" || strings.HasPrefix(p.Name, net.Last+"."):
			other = other || p.Name != net.Stem+".weight"
		case !ok:
			return nil, fmt.Errorf("it lacks %s, which a network of width %d has", p.Name, c.Model.Width)
		default:
			return nil, fmt.Errorf("%s has the shape %v instead of %v (model.width is %d)", p.Name, t.Shape, p.Shape, c.Model.Width)
		}
	}
	if other { // a bias belongs to its weights
		delete(weights, net.Last+".weight")
		delete(weights, net.Last+".bias")
	}
	for _, t := range tensors {
		if _, left := given[t.Name]; left {
			return nil, fmt.Errorf("it has %s, which the network has not", t.Name)
		}
	}
	return weights, nil
}

// checkValues refuses values that no network has.
func checkValues(t safetensors.Tensor) error {
	variance := strings.HasSuffix(t.Name, ".running_var")
	for i, v := range t.Values {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) || variance && x < 0 {
			return fmt.Errorf("value %d of %s is %v", i, t.Name, v)
		}
	}
	return nil
}

// elements returns the number of values of a tensor.
func elements(shape []int64) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	return n
}
