// Package testset makes a small dataset for tests: classes that any model
// learns within seconds.
package testset

import (
	"backfire/datasets"
	"backfire/internal/streams"
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

// NewColour returns 400 images of 3x32x32 pixels, the shape of CIFAR-10's, in 6
// classes: each brighter in another channel, in the left or the right half. The
// channels have other means, so that one taken for another changes the image.
func NewColour(variant uint64) (*datasets.Set, error) {
	const n, side, channels, halves = 400, 32, 3, 2
	rng := streams.New(variant, "colour")
	images, labels := make([]uint8, 0, n*channels*side*side), make([]uint8, n)
	for i := range labels {
		label := i % (channels * halves)
		labels[i] = uint8(label)
		for c := range channels {
			for at := range side * side {
				v := 40*c + rng.IntN(60)
				if c == label/halves && at%side/(side/halves) == label%halves {
					v += 100
				}
				images = append(images, uint8(v))
			}
		}
	}
	return datasets.New("colour", images, labels, channels, side, side,
		[]string{"red left", "red right", "green left", "green right", "blue left", "blue right"})
}
