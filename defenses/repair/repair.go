// Package repair changes a trained model with the defender's own clean images: by
// fine-tuning, by fine-pruning (Liu et al. 2018) and by adversarial neuron pruning (Wu
// and Wang 2021).
package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"backfire/defenses/definition"
	"backfire/internal/safetensors"
)

// ErrModel is wrapped if a model lacks the parts that a repair changes.
var ErrModel = errors.New("the model cannot be repaired")

// Model is a trained model with the defender's clean images, which are numbered from 0.
type Model interface {
	// Labels returns the labels of the images.
	Labels() []uint16
	// Weights returns a copy of the parameters and running statistics.
	Weights() ([]safetensors.Tensor, error)
	// SetWeights replaces the parameters and running statistics.
	SetWeights(weights []safetensors.Tensor) error
	// Features returns the penultimate activations for each of the images, rows of
	// equal length.
	Features() ([]float32, error)
	// Train trains on all images for some epochs by gradient descent with momentum 0.9
	// and a constant learning rate.
	Train(ctx context.Context, epochs int, rate float64) error
	// Descend returns the parameters after one plain gradient step of a rate on a batch
	// of the images, from the given parameters. The model stays as it is.
	Descend(from []safetensors.Tensor, batch []int, rate float64) ([]safetensors.Tensor, error)
	// Batch returns the size of batches.
	Batch() int
	// LastLayers returns the names of the batch normalisation behind which the features
	// are cut off below 0, and of the linear layer behind them.
	LastLayers() (norm, linear string)
}

// Repair is implemented by the settings of every repair.
type Repair interface {
	// Apply repairs a model. The result depends on the model and the seed alone.
	Apply(ctx context.Context, m Model, seed uint64) (Report, error)
	// Passes returns the number of images that pass through training steps, given the
	// number of the defender's images and the batch size.
	Passes(images, batch int) int64
}

// Report counts what a repair did.
type Report struct {
	// Pruned is the number of channels that were pruned, Channels the number of those
	// that the repair examined. Both are 0 for a repair that prunes none.
	Pruned   int `json:"pruned,omitempty"`
	Channels int `json:"channels,omitempty"`
	// Images is the number of images that passed through training steps.
	Images int64 `json:"images"`
}

// stages are the stages of all repairs.
var stages = []definition.Stage{definition.Repair}

// tuning declares the settings of fine-tuning.
func tuning() []definition.Setting {
	return []definition.Setting{
		{Key: "epochs", Default: "10", Range: "[1,)", Help: "epochs of fine-tuning on the defender's own clean images"},
		{Key: "lr", Default: "0.01", Range: "(0,)", Help: "learning rate of fine-tuning, with momentum 0.9"},
	}
}

// find returns the tensor of a name.
func find(weights []safetensors.Tensor, name string) (safetensors.Tensor, error) {
	at := slices.IndexFunc(weights, func(t safetensors.Tensor) bool { return t.Name == name })
	if at < 0 {
		return safetensors.Tensor{}, fmt.Errorf("repair: %w: it has no %s", ErrModel, name)
	}
	return weights[at], nil
}

// Outcome is a Report with the repair that made it and the images that it had.
type Outcome struct {
	Kind        definition.Kind `json:"kind"`         // of the repair
	CleanImages int             `json:"clean_images"` // the defender's images
	Report
}
