// Package surrogate trains small convolutional networks in plain Go and perturbs images by
// their gradients. It is for decisions that must be the same on every machine: its results
// follow from the arguments alone, to the last bit, whatever the processor.
package surrogate

import (
	"math"
	"math/rand/v2"
)

// Shape is the size of an image: C channels, H rows, W columns.
type Shape struct{ C, H, W int }

// size returns the number of values of an image.
func (s Shape) size() int { return s.C * s.H * s.W }

// The channels of the convolutions. Each has 3x3 pixels, stride 2 and a ReLU.
const (
	firstChannels  = 8
	secondChannels = 16
	taps           = 9 // of a kernel
)

// Net is a network of two convolutions and a linear layer. It takes pixels from 0 to 1
// less a half.
type Net struct {
	shape   Shape
	classes int
	first   conv
	second  conv
	weight  []float64 // of the linear layer, [inputs][classes]
	bias    []float64
}

// conv is a convolution with padding 1 from h x w pixels of in channels to ceil(h/2) x
// ceil(w/2) of out channels. Values lie pixel by pixel.
type conv struct {
	h, w, in, out int
	weight        []float64 // [3][3][in][out]
	bias          []float64
}

func newConv(h, w, in, out int) conv {
	return conv{h, w, in, out, make([]float64, taps*in*out), make([]float64, out)}
}

// sides returns the height and width of the result.
func (c *conv) sides() (h, w int) { return (c.h + 1) / 2, (c.w + 1) / 2 }

// size returns the number of values of the result.
func (c *conv) size() int {
	h, w := c.sides()
	return h * w * c.out
}

// newNet returns a network whose weights are 0.
func newNet(shape Shape, classes int) *Net {
	n := &Net{shape: shape, classes: classes, first: newConv(shape.H, shape.W, shape.C, firstChannels)}
	h, w := n.first.sides()
	n.second = newConv(h, w, firstChannels, secondChannels)
	n.weight, n.bias = make([]float64, n.second.size()*classes), make([]float64, classes)
	return n
}

// New returns a network with drawn weights: normal with variance 2/inputs for the
// convolutions (He et al. 2015), and 1/inputs for the linear layer. Biases are 0.
func New(shape Shape, classes int, rng *rand.Rand) *Net {
	n := newNet(shape, classes)
	for _, each := range []struct {
		values   []float64
		variance float64
	}{
		{n.first.weight, 2 / float64(taps*shape.C)},
		{n.second.weight, 2 / float64(taps*firstChannels)},
		{n.weight, 1 / float64(n.second.size())},
	} {
		deviation := math.Sqrt(each.variance)
		for i := range each.values {
			each.values[i] = rng.NormFloat64() * deviation
		}
	}
	return n
}

// parameters returns all weights and biases.
func (n *Net) parameters() [][]float64 {
	return [][]float64{n.first.weight, n.first.bias, n.second.weight, n.second.bias, n.weight, n.bias}
}

// passes calls use for each pair of a pixel of the result and a pixel under its kernel.
func (c *conv) passes(use func(to, tap, from int)) {
	height, width := c.sides()
	for y := range height {
		for x := range width {
			for tap := range taps {
				iy, ix := 2*y+tap/3-1, 2*x+tap%3-1
				if iy >= 0 && iy < c.h && ix >= 0 && ix < c.w {
					use(y*width+x, tap, iy*c.w+ix)
				}
			}
		}
	}
}

// forward computes the result after the ReLU.
func (c *conv) forward(in, out []float64) {
	for at := range out {
		out[at] = c.bias[at%c.out]
	}
	c.passes(func(to, tap, from int) {
		sums := out[to*c.out : (to+1)*c.out]
		for i, v := range in[from*c.in : (from+1)*c.in] {
			if v == 0 {
				continue
			}
			row := c.weight[(tap*c.in+i)*c.out:][:len(sums)]
			for o, w := range row {
				// The conversion keeps the compiler from fusing the product into the sum,
				// so that all machines agree.
				sums[o] += float64(v * w)
			}
		}
	})
	for at, v := range out {
		out[at] = max(v, 0)
	}
}

// backward adds the gradients to grads (nil: to none) and sets that of the input (nil: it
// is not needed). dout is the gradient of the result before the ReLU.
func (c *conv) backward(in, dout, din []float64, grads *conv) {
	clear(din)
	c.passes(func(to, tap, from int) {
		d := dout[to*c.out : (to+1)*c.out]
		for i := range c.in {
			row := (tap*c.in + i) * c.out
			if din != nil {
				sum := 0.0
				for o, w := range c.weight[row:][:len(d)] {
					sum += float64(w * d[o])
				}
				din[from*c.in+i] += sum
			}
			if v := in[from*c.in+i]; grads != nil && v != 0 {
				g := grads.weight[row:][:len(d)]
				for o := range g {
					g[o] += float64(v * d[o])
				}
			}
		}
	})
	if grads != nil {
		for at, v := range dout {
			grads.bias[at%c.out] += v
		}
	}
}

// work holds the intermediate results of one image.
type work struct {
	image, first, second    []float64 // the input and the results of the convolutions
	dimage, dfirst, dsecond []float64 // their gradients
	logits, shares, dlogits []float64
}

func (n *Net) newWork() *work {
	floats := func(size int) []float64 { return make([]float64, size) }
	return &work{
		image: floats(n.shape.size()), first: floats(n.first.size()), second: floats(n.second.size()),
		dimage: floats(n.shape.size()), dfirst: floats(n.first.size()), dsecond: floats(n.second.size()),
		logits: floats(n.classes), shares: floats(n.classes), dlogits: floats(n.classes),
	}
}

// forward computes logits and probabilities of the work's image.
func (n *Net) forward(w *work) {
	n.first.forward(w.image, w.first)
	n.second.forward(w.first, w.second)
	copy(w.logits, n.bias)
	for i, v := range w.second {
		if v == 0 {
			continue
		}
		for class, weight := range n.weight[i*n.classes:][:n.classes] {
			w.logits[class] += float64(v * weight)
		}
	}
	softmax(w.logits, w.shares)
}

// backward computes the gradient of the cross-entropy of a label after forward. It adds
// that of the weights to grads and sets that of the image; see conv.backward.
func (n *Net) backward(w *work, label int, grads *Net, toImage bool) {
	copy(w.dlogits, w.shares)
	w.dlogits[label]--
	for i, v := range w.second {
		w.dsecond[i] = 0
		if v == 0 {
			continue // behind the ReLU
		}
		row, sum := n.weight[i*n.classes:][:n.classes], 0.0
		for class, weight := range row {
			sum += float64(weight * w.dlogits[class])
		}
		w.dsecond[i] = sum
		if grads != nil {
			for class, d := range w.dlogits {
				grads.weight[i*n.classes+class] += float64(v * d)
			}
		}
	}
	var first, second *conv
	if grads != nil {
		first, second = &grads.first, &grads.second
		for class, d := range w.dlogits {
			grads.bias[class] += d
		}
	}
	n.second.backward(w.first, w.dsecond, w.dfirst, second)
	for i, v := range w.first {
		if v == 0 {
			w.dfirst[i] = 0
		}
	}
	dimage := w.dimage
	if !toImage {
		dimage = nil
	}
	n.first.backward(w.image, w.dfirst, dimage, first)
}

// load sets the image of 8-bit values, channel by channel, plus a change of each in units
// of 1/255; nil: none.
func (n *Net) load(w *work, image []uint8, change []float64) {
	plane := n.shape.H * n.shape.W
	for at, v := range image {
		value := float64(v)
		if change != nil {
			value = min(max(value+change[at], 0), math.MaxUint8)
		}
		w.image[at%plane*n.shape.C+at/plane] = value/math.MaxUint8 - 0.5
	}
}

// Classify returns the class of an image of 8-bit values.
func (n *Net) Classify(image []uint8) int {
	w := n.newWork()
	n.load(w, image, nil)
	n.forward(w)
	best := 0
	for class, v := range w.logits {
		if v > w.logits[best] {
			best = class
		}
	}
	return best
}
