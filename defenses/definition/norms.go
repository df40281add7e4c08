package definition

import (
	"strings"

	"backfire/internal/safetensors"
)

// NormNames returns the names of the batch normalisations of a network, in its order: those of
// tensors with running statistics.
func NormNames(weights []safetensors.Tensor) []string {
	var names []string
	for _, t := range weights {
		if name, ok := strings.CutSuffix(t.Name, ".running_mean"); ok {
			names = append(names, name)
		}
	}
	return names
}
