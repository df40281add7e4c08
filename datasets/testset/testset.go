// Package testset makes a small dataset for tests: classes that any model
// learns within seconds.
package testset

import (
	"backfire/datasets"
	"backfire/streams"
)

// New returns 400 images of 1x8x8 pixels in 4 classes, each with another bright
// quarter. Variant makes other images of the same kind.
func New(variant uint64) (*datasets.Set, error) {
	const n, side, classes = 400, 8, 4
	rng := streams.New(variant, "tiny")
	images, labels := make([]uint8, n*side*side), make([]uint8, n)
	for i := range labels {
		label := i % classes
		labels[i] = uint8(label)
		for y := range side {
			for x := range side {
				v := rng.IntN(120)
				if y/(side/2) == label/2 && x/(side/2) == label%2 {
					v += 100
				}
				images[i*side*side+y*side+x] = uint8(v)
			}
		}
	}
	return datasets.New("tiny", images, labels, 1, side, side, []string{"north", "east", "south", "west"})
}
