package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"backfire/internal/hardware"
)

// numbers is a flag whose value is a list of numbers of at least 1, such as 1,2,4.
type numbers []int

// String returns the list as it is given.
func (n *numbers) String() string {
	var text []string
	for _, value := range *n {
		text = append(text, strconv.Itoa(value))
	}
	return strings.Join(text, ",")
}

// Set parses a list.
func (n *numbers) Set(text string) error {
	*n = nil
	for part := range strings.SplitSeq(text, ",") {
		value, err := strconv.Atoi(part)
		if err != nil || value < 1 {
			return fmt.Errorf("%q must be numbers above 0, such as 1,2,4", text)
		}
		*n = append(*n, value)
	}
	return nil
}

// words is a flag whose value is a list of some of the allowed words.
type words struct {
	list    []string
	allowed []string
}

// String returns the list as it is given.
func (w *words) String() string { return strings.Join(w.list, ",") }

// Set parses a list.
func (w *words) Set(text string) error {
	w.list = strings.Split(text, ",")
	for _, word := range w.list {
		if !slices.Contains(w.allowed, word) {
			return fmt.Errorf("%q must be some of %s", text, strings.Join(w.allowed, ","))
		}
	}
	return nil
}

// The kernels of normalisation and update that are compared.
const (
	fused  = "fused"
	native = "native"
	cudnn  = "cudnn"
)

// newLists returns the default lists, the most important first: models of the paper's width
// side by side in the fastest precision.
func newLists() (widths, models numbers, precisions, norms *words) {
	return numbers{64, 8, 16}, numbers{1, 2, 4, 8, 16},
		&words{[]string{hardware.BF16, hardware.TF32, hardware.FP32}, []string{hardware.BF16, hardware.TF32, hardware.FP32}},
		&words{[]string{fused, native}, []string{fused, native, cudnn}}
}
