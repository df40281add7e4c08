package surrogate

import (
	"math"
	"math/rand/v2"
)

// The settings of Train: stochastic gradient descent with momentum, whose rate falls
// linearly to 0. Gradients longer than 1 are shortened to 1, so that no training diverges.
const (
	Batch    = 32
	rate     = 0.05
	momentum = 0.9
)

// Train takes steps on batches of images of 8-bit values, one behind another, with their
// labels. Each pass over the images has an order of its own.
func (n *Net) Train(images []uint8, labels []uint16, steps int, rng *rand.Rand) {
	grads, velocity := newNet(n.shape, n.classes), newNet(n.shape, n.classes)
	w := n.newWork()
	size := n.shape.size()
	batch := min(Batch, len(labels))
	var order []int
	for step := range steps {
		for _, g := range grads.parameters() {
			clear(g)
		}
		for range batch {
			if len(order) == 0 {
				order = rng.Perm(len(labels))
			}
			row := order[0]
			order = order[1:]
			n.load(w, images[row*size:(row+1)*size], nil)
			n.forward(w)
			n.backward(w, int(labels[row]), grads, false)
		}
		n.update(grads, velocity, batch, rate*float64(steps-step)/float64(steps))
	}
}

// update moves the weights against the sum of the gradients of a batch.
func (n *Net) update(grads, velocity *Net, batch int, rate float64) {
	length := 0.0
	for _, g := range grads.parameters() {
		for _, v := range g {
			length += float64(v * v)
		}
	}
	scale := 1 / float64(batch)
	if length = math.Sqrt(length) * scale; length > 1 {
		scale /= length
	}
	weights, moves := n.parameters(), velocity.parameters()
	for i, g := range grads.parameters() {
		for at, v := range g {
			moves[i][at] = float64(momentum*moves[i][at]) + float64(v*scale)
			weights[i][at] -= float64(rate * moves[i][at])
		}
	}
}
