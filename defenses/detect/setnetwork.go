package detect

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// setWidths are the widths of the layers of a set network after its inputs.
var setWidths = []int{32, 16, 1}

// setNetwork gives each element of a set a score from its inputs, by the same layers
// with rectified linear units between them. The order of the elements has no influence.
type setNetwork struct {
	layers []setLayer
}

// setLayer is a linear layer: output o is the dot product of weights[o] with the
// inputs, plus the last value of weights[o].
type setLayer struct{ weights [][]float64 }

// newSetNetwork returns a network with weights of variance 2 / inputs (He et al., 2015)
// and intercepts of 0.
func newSetNetwork(inputs int, rng *rand.Rand) *setNetwork {
	n := &setNetwork{}
	for _, width := range setWidths {
		layer := setLayer{weights: make([][]float64, width)}
		for o := range layer.weights {
			layer.weights[o] = make([]float64, inputs+1)
			for i := range inputs {
				layer.weights[o][i] = rng.NormFloat64() * math.Sqrt(2/float64(inputs))
			}
		}
		n.layers, inputs = append(n.layers, layer), width
	}
	return n
}

// forward returns the values before each layer, and the score.
func (n *setNetwork) forward(inputs []float64) (before [][]float64, score float64) {
	values := inputs
	for at, layer := range n.layers {
		before = append(before, values)
		next := make([]float64, len(layer.weights))
		for o, w := range layer.weights {
			last := len(w) - 1
			next[o] = floats.Dot(w[:last], values) + w[last]
			if at < len(n.layers)-1 {
				next[o] = math.Max(0, next[o])
			}
		}
		values = next
	}
	return before, values[0]
}

// zeros returns a network of zeros of the same form.
func (n *setNetwork) zeros() *setNetwork {
	z := &setNetwork{}
	for _, layer := range n.layers {
		own := setLayer{weights: make([][]float64, len(layer.weights))}
		for o, w := range layer.weights {
			own.weights[o] = make([]float64, len(w))
		}
		z.layers = append(z.layers, own)
	}
	return z
}

// backward adds to sums the gradient of slope times the score of the values.
func (n *setNetwork) backward(before [][]float64, slope float64, sums *setNetwork) {
	slopes := []float64{slope}
	for at := len(n.layers) - 1; at >= 0; at-- {
		values := before[at]
		earlier := make([]float64, len(values))
		for o, w := range n.layers[at].weights {
			if slopes[o] == 0 {
				continue
			}
			last := len(w) - 1
			floats.AddScaled(earlier, slopes[o], w[:last])
			floats.AddScaled(sums.layers[at].weights[o][:last], slopes[o], values)
			sums.layers[at].weights[o][last] += slopes[o]
		}
		for i, v := range values {
			if at > 0 && v == 0 { // the unit is off
				earlier[i] = 0
			}
		}
		slopes = earlier
	}
}

// episode is a set of which one element is the answer.
type episode struct {
	elements [][]float64
	answer   int
}

// loss returns the cross-entropy of the softmax over the scores of an episode's
// elements, and adds share times its gradient to sums, unless that is nil.
func (n *setNetwork) loss(e episode, share float64, sums *setNetwork) float64 {
	scores := make([]float64, len(e.elements))
	before := make([][][]float64, len(e.elements))
	for i, element := range e.elements {
		before[i], scores[i] = n.forward(element)
	}
	total := floats.LogSumExp(scores)
	if sums != nil {
		for i, score := range scores {
			slope := math.Exp(score - total)
			if i == e.answer {
				slope--
			}
			n.backward(before[i], share*slope, sums)
		}
	}
	return total - scores[e.answer]
}

const (
	// setSteps is the number of steps over all episodes, setRate their learning rate
	// and setDecay the share of weights by which each step shrinks them, per rate.
	setSteps = 60
	setRate  = 0.02
	setDecay = 0.01
)

// train lowers the mean loss over episodes by Adam (Kingma and Ba, 2015) with decoupled
// weight decay.
func (n *setNetwork) train(episodes []episode) {
	const first, second, tiny = 0.9, 0.999, 1e-8
	means, squares := n.zeros(), n.zeros()
	for step := 1; step <= setSteps; step++ {
		sums := n.zeros()
		for _, e := range episodes {
			n.loss(e, 1/float64(len(episodes)), sums)
		}
		mean, square := 1-math.Pow(first, float64(step)), 1-math.Pow(second, float64(step))
		for at, layer := range n.layers {
			for o, w := range layer.weights {
				m, s := means.layers[at].weights[o], squares.layers[at].weights[o]
				for i, slope := range sums.layers[at].weights[o] {
					m[i] = first*m[i] + (1-first)*slope
					s[i] = second*s[i] + (1-second)*slope*slope
					w[i] -= setRate * (m[i]/mean/(math.Sqrt(s[i]/square)+tiny) + setDecay*w[i])
				}
			}
		}
	}
}
