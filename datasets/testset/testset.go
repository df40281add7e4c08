// Package testset makes small datasets for tests, with classes that any model learns
// within seconds. A set depends on its variant alone.
package testset

import (
	"backfire/datasets"
	"backfire/internal/streams"
)

// New returns 400 images of 1x8x8 pixels in 4 classes, each of which has another bright
// quarter. Another variant gives other images of the same classes.
func New(variant uint64) (*datasets.Set, error) {
	const n, side, classes = 400, 8, 4
	rng := streams.New(variant, "tiny")
	images, labels := make([]uint8, n*side*side), make([]uint16, n)
	for i := range labels {
		label := i % classes
		labels[i] = uint16(label)
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

// NewColour returns 400 images of 3x32x32 pixels, the shape of CIFAR-10's images, in 6
// classes: each is brighter in another channel, in the left or the right half. The
// means of the channels differ, so that an exchange of channels changes the image.
func NewColour(variant uint64) (*datasets.Set, error) {
	const n, side, channels, halves = 400, 32, 3, 2
	rng := streams.New(variant, "colour")
	images, labels := make([]uint8, 0, n*channels*side*side), make([]uint16, n)
	for i := range labels {
		label := i % (channels * halves)
		labels[i] = uint16(label)
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
