// Package filter chooses contributed images to remove before a model is trained anew:
// by spectral signatures (Tran et al. 2018), by activation clustering (Chen et al.
// 2018) and by loss isolation (Li et al. 2021). A first model is trained on all images;
// its penultimate features or its losses decide. The perfect filter and the random
// choice of as many images bound what a filter can do.
//
// A filter looks at contributed images alone, class by class of the labels that they
// are trained on: the defender's own images are clean.
package filter

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"backfire/defenses/definition"
	"backfire/internal/streams"
)

// ErrInput is wrapped if a filter cannot work with what the first model gave.
var ErrInput = errors.New("bad input of a filter")

// Input holds what a filter decides by: a value of each list for each contributed image.
type Input struct {
	// Features holds the first model's penultimate activations, a row per image.
	Features *mat.Dense
	// Losses holds the first model's cross-entropy of each image's label.
	Losses []float64
	// Labels holds the labels that are trained on.
	Labels []uint8
	// Poisoned reports which images carry an attacker's trigger. No defender knows
	// it; only Perfect reads it.
	Poisoned []bool
	// Seed seeds the draws of a filter.
	Seed uint64
}

// Filter is implemented by the settings of every filter.
type Filter interface {
	// Remove returns the positions of the images to remove, in ascending order. The
	// error wraps ErrInput.
	Remove(in Input) ([]int, error)
	// FirstEpochs returns the number of epochs of the first training, given that of
	// the training that follows the filter.
	FirstEpochs(epochs int) int
}

// Chosen selects the images that a filter removes.
type Chosen string

const (
	// ByMethod removes the images that the method chooses.
	ByMethod Chosen = "method"
	// AtRandom removes as many images of each class, drawn at random: the bound from
	// below.
	AtRandom Chosen = "random"
)

// Common holds the settings that all filters have.
type Common struct {
	// First in (0, 1] is the share of the epochs that the first model is trained for.
	First float64 `json:"first" yaml:"first"`
	// Chosen is ByMethod or AtRandom.
	Chosen Chosen `json:"chosen" yaml:"chosen"`
}

// FirstEpochs returns the epochs of the first training: the share First of epochs, at
// least 1.
func (c Common) FirstEpochs(epochs int) int { return max(1, int(c.First*float64(epochs)+0.5)) }

// common declares the settings of Common, with the default of First.
func common(first string) []definition.Setting {
	return []definition.Setting{
		{Key: "first", Default: first, Range: "(0,1]", Help: "share of train.epochs that the first model is trained for, whose features or losses decide"},
		{Key: "chosen", Default: string(ByMethod), Oneof: []string{string(ByMethod), string(AtRandom)}, Help: "remove the images that the method chooses, or as many of each class at random, as a bound from below"},
	}
}

// stages are the stages of all filters.
var stages = []definition.Stage{definition.Filter}

// byClass returns the positions of the images of each label.
func (in Input) byClass() [][]int {
	var classes [][]int
	for i, label := range in.Labels {
		for len(classes) <= int(label) {
			classes = append(classes, nil)
		}
		classes[label] = append(classes[label], i)
	}
	return classes
}

// removeFrom has a method choose among the images of each class. choose returns
// positions in the list of the class.
func (c Common) removeFrom(in Input, method string, choose func(class []int, rng *rand.Rand) ([]int, error)) ([]int, error) {
	var removed []int
	for label, class := range in.byClass() {
		if len(class) == 0 {
			continue
		}
		chosen, err := choose(class, streams.New(in.Seed, "filter", uint64(label)))
		if err != nil {
			return nil, fmt.Errorf("filter: %s: class %d: %w: %w", method, label, ErrInput, err)
		}
		if c.Chosen == AtRandom {
			chosen = streams.New(in.Seed, "random filter", uint64(label)).Perm(len(class))[:len(chosen)]
		}
		for _, at := range chosen {
			removed = append(removed, class[at])
		}
	}
	slices.Sort(removed)
	return removed, nil
}

// highest returns the positions of the n highest scores; of equal ones, the first.
func highest(scores []float64, n int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		default:
			return 0
		}
	})
	return order[:min(n, len(order))]
}
