package surrogate

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkSurrogate trains a network for images of Fashion-MNIST and of CIFAR-10, and
// attacks 100 images.
func BenchmarkSurrogate(b *testing.B) {
	for name, shape := range map[string]Shape{"1x28x28": {1, 28, 28}, "3x32x32": {3, 32, 32}} {
		rng := rand.New(rand.NewPCG(1, 1))
		images, labels := make([]uint8, 100*shape.size()), make([]uint16, 100)
		for i := range images {
			images[i] = uint8(rng.IntN(256))
		}
		b.Run(name+"/train 200 steps", func(b *testing.B) {
			for b.Loop() {
				New(shape, 10, rng).Train(images, labels, 200, rng)
			}
		})
		b.Run(name+"/attack 100 images", func(b *testing.B) {
			n := New(shape, 10, rng)
			for b.Loop() {
				Attack{8, 2, 10}.Towards(n, images, 1)
			}
		})
	}
}
