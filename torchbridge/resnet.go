package torchbridge

import (
	"cmp"
	"fmt"

	lib "github.com/sugarme/gotch/libtch"

	"backfire/internal/network"
)

// BatchNorm's constants, PyTorch's defaults: the weight of a new batch in the
// running statistics, and what is added to the variance.
const (
	batchNormMomentum = 0.1
	batchNormEpsilon  = 1e-5
)

// ModelSpec describes a network of package network. By default it is a ResNet-18 (He et
// al. 2016) with the usual stem for small images: a 3x3 convolution of stride 1 and no
// max-pooling.
type ModelSpec struct {
	Architecture string // one of network.Architectures, or network.Script; empty: ResNet-18
	Stem         string // network.StemSmall or StemLarge; empty: small

	Width    int // channels of the first stage, 1 to 1,024; the stages have 1, 2, 4 and 8 times as many; 64 is the paper's
	Channels int // of the images, 1 to 4: 1 for grey, 3 for colour
	Height   int // of the images, in pixels, 8 (three stages halve it) to 1,024
	WidthPx  int // of the images, in pixels, 8 to 1,024
	Classes  int // outputs, 2 to 1000
}

func (m ModelSpec) validate() error {
	width := m.Width
	if m.Architecture == network.Script {
		width = 1 // it has none
	}
	for _, check := range []struct {
		name        string
		value, low  int
		high        int
		explanation string
	}{
		{"width", width, 1, 1024, "channels of the first stage"},
		{"image channels", m.Channels, 1, 4, "1 for grey, 3 for colour"},
		{"image height", m.Height, 8, 1024, "in pixels"},
		{"image width", m.WidthPx, 8, 1024, "in pixels"},
		{"classes", m.Classes, 2, 1000, "the limit of datasets"},
	} {
		if check.value < check.low || check.value > check.high {
			return fmt.Errorf("torchbridge: model: %w: %s %d is outside %d to %d (%s)", ErrOptions, check.name, check.value, check.low, check.high, check.explanation)
		}
	}
	if m.Architecture == network.Script {
		return nil // checked when it is loaded
	}
	d, err := m.describe()
	if err != nil {
		return fmt.Errorf("torchbridge: model: %w: %w", ErrOptions, err)
	}
	if m.Height < d.MinSide || m.WidthPx < d.MinSide {
		return fmt.Errorf("torchbridge: model: %w: images of %d x %d pixels: the network needs at least %d x %d", ErrOptions, m.Height, m.WidthPx, d.MinSide, d.MinSide)
	}
	return nil
}

// isPaper reports whether the network is the ResNet-18 with the stem for small images, for
// which there are kernels of this package's own.
func (m ModelSpec) isPaper() bool {
	return (m.Architecture == "" || m.Architecture == network.ResNet18) && m.Stem != network.StemLarge
}

// describe returns the description of the network.
func (m ModelSpec) describe() (*network.Network, error) {
	return network.Describe(network.Spec{
		Architecture: cmp.Or(m.Architecture, network.ResNet18), Stem: m.Stem, Width: m.Width, Channels: m.Channels, Classes: m.Classes,
	})
}

// parameter is one tensor of a model under torchvision's name, or one of its
// optimiser's; whether it is trained is up to the list that it is in.
type parameter struct {
	name  string
	value tensor
}

// batchNorm holds a layer's trained scale and shift and its running statistics.
type batchNorm struct{ weight, bias, mean, variance tensor }

// layer is a convolution without bias, zero-padded, and its normalisation.
type layer struct {
	weight          tensor // [out, in, k, k]
	norm            batchNorm
	stride, padding int
	direct          bool // without Winograd's algorithms
	cudnn           bool // normalised by cuDNN on CUDA
	fused           *fusedSession
	copy            tensor // of weight, in bfloat16; valid: it computes
}

// kernel returns the weight that the layer computes by.
func (l *layer) kernel() tensor {
	if l.copy.valid() {
		return l.copy
	}
	return l.weight
}

// block is ResNet's basic block: two 3x3 convolutions around which the input is
// added, through a 1x1 convolution where the shape changes.
type block struct{ first, second, shortcut layer }

// resnet is the network; it owns its tensors.
type resnet struct {
	stem         layer
	blocks       []block
	parts        []part  // instead of stem and blocks, of other networks
	module       *module // instead of all layers; nil: they are this package's
	weight, bias tensor
	params       []parameter   // trained, in torchvision's order
	buffers      []parameter   // running statistics
	paramHandles []lib.Ctensor // of params, as libtorch wants them
	bf16         bool          // convolutions and matrix products in bfloat16
	direct       bool          // convolutions without Winograd's algorithms
	cudnn        bool          // normalisation by cuDNN on CUDA
	fused        *fusedSession // normalises and updates; nil: libtorch does
	copies       halfCopies    // of params; empty: there are none
	weightCopy   tensor        // of weight, if there are copies
	biasCopy     tensor        // of bias, likewise
	leaves       []lib.Ctensor // of params or their copies: what gradients are taken of
	device       cDevice
}

// Stages of ResNet-18: two blocks each, the first of stages 2 to 4 halving the image.
const (
	resnetStages         = 4
	resnetBlocksPerStage = 2
)

// newResNet builds the network of the options on device, its initial values drawn from
// their seed.
func newResNet(opt Options, device cDevice, fused *fusedSession) (*resnet, error) {
	spec, seed := opt.Model, opt.Seed
	if spec.Architecture == network.Script {
		return newModuleNet(opt, device)
	}
	net := &resnet{device: device, direct: opt.Kernels == KernelsDirect, cudnn: opt.CuDNNNorm, fused: fused}
	b := builder{net: net, seed: seed}
	if !spec.isPaper() {
		d, err := spec.describe()
		if err != nil {
			return nil, err
		}
		b.addParts(d)
		net.weight, net.bias = b.linear(d.Last, spec.Classes, d.Features)
		return net.built(b.err)
	}
	net.stem = b.layer("conv1", "bn1", spec.Width, spec.Channels, 3, 1)
	in := spec.Width
	for stage := range resnetStages {
		out := spec.Width << stage
		for i := range resnetBlocksPerStage {
			name := fmt.Sprintf("layer%d.%d", stage+1, i)
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			var unit block
			unit.first = b.layer(name+".conv1", name+".bn1", out, in, 3, stride)
			unit.second = b.layer(name+".conv2", name+".bn2", out, out, 3, 1)
			if stride != 1 || in != out {
				unit.shortcut = b.layer(name+".downsample.0", name+".downsample.1", out, in, 1, stride)
			}
			net.blocks = append(net.blocks, unit)
			in = out
		}
	}
	net.weight, net.bias = b.linear("fc", spec.Classes, in)
	return net.built(b.err)
}

// built returns the network with all its tensors, or the error of one of them.
func (n *resnet) built(err error) (*resnet, error) {
	if err != nil {
		n.free()
		return nil, err
	}
	n.paramHandles, n.leaves = handlesOf(n.params), handlesOf(n.params)
	return n, nil
}

// layers lists the network's convolutions.
func (n *resnet) layers() []*layer {
	list := []*layer{&n.stem}
	for i := range n.blocks {
		b := &n.blocks[i]
		list = append(list, &b.first, &b.second, &b.shortcut)
	}
	for i := range n.parts {
		p := &n.parts[i]
		list = append(list, &p.first, &p.second, &p.shortcut)
	}
	return list
}

// free gives all tensors of the network back.
func (n *resnet) free() {
	for _, list := range [][]parameter{n.params, n.buffers} {
		for i := range list {
			list[i].value.free()
		}
	}
	n.copies.free()
	n.params, n.buffers, n.paramHandles, n.copies, n.leaves = nil, nil, nil, nil, nil
	n.module.free()
}

// forward computes the logits [N, classes] of x [N, C, H, W].
func (n *resnet) forward(s *scope, x tensor, training bool) tensor {
	if n.module != nil {
		return n.module.compute(s, x, false, training)
	}
	return n.logits(s, n.features(s, x, training))
}

// logits applies the linear layer to the features.
func (n *resnet) logits(s *scope, features tensor) tensor {
	weight, bias := n.weight, n.bias
	if n.weightCopy.valid() {
		weight, bias = n.weightCopy, n.biasCopy
	}
	return n.inPrecision(s, func() tensor { return s.linear(features, weight, bias) })
}

// features computes the penultimate activations [N, 8 width] of x [N, C, H, W].
func (n *resnet) features(s *scope, x tensor, training bool) tensor {
	if n.module != nil {
		return n.module.compute(s, x, true, training)
	}
	return s.averagePool(n.inPrecision(s, func() tensor {
		if n.parts != nil {
			for i := range n.parts {
				y := n.parts[i].forward(s, x, training)
				if i > 0 { // the images are the caller's
					s.drop(x)
				}
				x = y
			}
			return x
		}
		x = s.convNorm(x, &n.stem, tensor{}, true, training)
		for i := range n.blocks {
			y := n.blocks[i].forward(s, x, training)
			s.drop(x)
			x = y
		}
		return x
	}))
}

func (b *block) forward(s *scope, x tensor, training bool) tensor {
	y := s.convNorm(x, &b.first, tensor{}, true, training)
	residual := x
	if b.shortcut.weight.valid() {
		residual = s.convNorm(x, &b.shortcut, tensor{}, false, training)
	}
	sum := s.convNorm(y, &b.second, residual, true, training)
	s.drop(y)
	if b.shortcut.weight.valid() {
		s.drop(residual)
	}
	return sum
}
