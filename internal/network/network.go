// Package network describes the networks that can be trained: their layers in order, the
// names and shapes of their tensors, and what they need of an image. Each network has a
// file of its own and one line in architectures.
package network

import (
	"fmt"
	"slices"
	"strings"
)

// The stems of the networks that have a choice.
const (
	StemSmall = "small" // a 3x3 convolution of stride 1, for images of about 32 pixels
	StemLarge = "large" // a 7x7 convolution of stride 2 and max-pooling, for about 224 pixels
)

// Kind is the kind of a part of a network.
type Kind int

// The kinds of parts.
const (
	Plain     Kind = iota // convolution, normalisation, ReLU
	Pool                  // max-pooling
	Basic                 // two convolutions around which the input is added, then ReLU
	Added                 // two convolutions with ReLU each, around which the input is added
	PreActive             // two convolutions, each behind a normalisation and ReLU
	Final                 // normalisation and ReLU
)

// Conv is a convolution without bias, zero-padded to keep the size of the image but for
// its stride, and a normalisation.
type Conv struct {
	Name, Norm string // of the tensors, without .weight; an empty Norm: there is none
	In, Out    int    // channels
	Kernel     int
	Stride     int
}

// Part is one part of a network.
type Part struct {
	Kind     Kind
	First    Conv // of all kinds but Pool; with Final its Norm and In alone
	Second   Conv // of blocks
	Shortcut Conv // of blocks; an empty Name: the input itself
	Window   int  // of Pool
	Stride   int  // of Pool
}

// Spec selects a network.
type Spec struct {
	Architecture string // one of Architectures
	Stem         string // StemSmall or StemLarge; empty: StemSmall
	Width        int    // channels of the first part; 64 is the published size
	Channels     int    // of the images
	Classes      int
}

// Network is the description of one network. Behind its parts come the means over all
// pixels and a linear layer.
type Network struct {
	Parts    []Part
	Features int    // channels of the last part, the inputs of the linear layer
	Stem     string // the name of the first convolution
	Last     string // the name of the linear layer
	Classes  int
	MinSide  int // the smallest height and width of an image of which a pixel is left
}

// architecture is one kind of network.
type architecture struct {
	name  string
	title string // as papers write it
	stems bool   // has a choice of stems
	build func(b *builder)
}

// architectures lists all of them, the paper's first.
var architectures = []architecture{resnet18, resnet34, preActResNet18, resnet9, vgg11, smallCNN}

// Architectures returns the names of all networks, the paper's first.
func Architectures() []string {
	names := make([]string, len(architectures))
	for i, a := range architectures {
		names[i] = a.name
	}
	return names
}

// Title returns the name of an architecture as papers write it; one that is not known
// stays as it is.
func Title(name string) string {
	for _, a := range architectures {
		if a.name == name {
			return a.title
		}
	}
	return name
}

// Describe returns the network of a specification.
func Describe(s Spec) (*Network, error) {
	i := slices.IndexFunc(architectures, func(a architecture) bool { return a.name == s.Architecture })
	if i < 0 {
		return nil, fmt.Errorf("network: there is no %.40q: choose one of %s", s.Architecture, strings.Join(Architectures(), ", "))
	}
	a := architectures[i]
	switch {
	case s.Stem != "" && s.Stem != StemSmall && s.Stem != StemLarge:
		return nil, fmt.Errorf("network: stem %.40q: choose %s or %s", s.Stem, StemSmall, StemLarge)
	case s.Stem == StemLarge && !a.stems:
		return nil, fmt.Errorf("network: %s has no stem for large images: choose %s", a.name, StemSmall)
	}
	b := &builder{spec: s, net: &Network{Classes: s.Classes, Last: "fc"}, channels: s.Channels, shrinks: 1}
	a.build(b)
	b.net.Features, b.net.MinSide = b.channels, b.shrinks
	b.net.Stem = b.net.Parts[0].First.Name
	return b.net, nil
}

// builder adds parts to a network.
type builder struct {
	spec     Spec
	net      *Network
	channels int // of the last part
	shrinks  int // the factor by which the image is smaller than at the beginning
}

// plain adds a convolution with its normalisation and ReLU.
func (b *builder) plain(conv, norm string, out, kernel, stride int) {
	b.net.Parts = append(b.net.Parts, Part{Kind: Plain, First: b.conv(conv, norm, out, kernel, stride)})
	b.channels = out
	b.shrinks *= stride
}

// pool adds max-pooling of stride 2.
func (b *builder) pool(window int) {
	b.net.Parts = append(b.net.Parts, Part{Kind: Pool, Window: window, Stride: 2})
	b.shrinks *= 2
}

// conv returns a convolution from the channels of the last part.
func (b *builder) conv(name, norm string, out, kernel, stride int) Conv {
	return Conv{Name: name, Norm: norm, In: b.channels, Out: out, Kernel: kernel, Stride: stride}
}

// Tensor is the name and shape of a tensor.
type Tensor struct {
	Name  string
	Shape []int64
}

// Tensors lists weights and running statistics in the order in which they are made.
func (n *Network) Tensors() []Tensor {
	var list []Tensor
	norm := func(name string, channels int) {
		if name == "" {
			return
		}
		for _, part := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
			list = append(list, Tensor{name + part, []int64{int64(channels)}})
		}
	}
	conv := func(c Conv) {
		if c.Name != "" {
			list = append(list, Tensor{c.Name + ".weight", []int64{int64(c.Out), int64(c.In), int64(c.Kernel), int64(c.Kernel)}})
		}
	}
	for _, p := range n.Parts {
		for _, c := range []Conv{p.First, p.Second, p.Shortcut} {
			if p.Kind == PreActive || p.Kind == Final {
				norm(c.Norm, c.In)
				conv(c)
				continue
			}
			conv(c)
			norm(c.Norm, c.Out)
		}
	}
	return append(list,
		Tensor{n.Last + ".weight", []int64{int64(n.Classes), int64(n.Features)}},
		Tensor{n.Last + ".bias", []int64{int64(n.Classes)}})
}

// Size is the cost of a network for images of one size.
type Size struct {
	Parameters int64 // values of the trained tensors and running statistics
	Maps       int64 // values of the feature maps of one image that a training step keeps
	Products   int64 // multiplications of the forward pass of one image
}

// Size returns the cost for images of h x w pixels.
func (n *Network) Size(h, w int) Size {
	var s Size
	for _, t := range n.Tensors() {
		values := int64(1)
		for _, d := range t.Shape {
			values *= d
		}
		s.Parameters += values
	}
	half := func(stride int) { h, w = (h-1)/stride+1, (w-1)/stride+1 }
	channels := int64(0)
	for _, p := range n.Parts {
		if p.Kind == Pool {
			half(p.Stride)
			s.Maps += channels * int64(h*w)
			continue
		}
		for i, c := range []Conv{p.First, p.Second, p.Shortcut} {
			if c.Name == "" {
				continue
			}
			if i < 2 {
				half(c.Stride)
			}
			channels = int64(c.Out)
			pixels := int64(h * w)
			s.Maps += 3 * channels * pixels // of the convolution, of the normalisation, its input
			s.Products += channels * pixels * int64(c.In*c.Kernel*c.Kernel)
		}
	}
	return s
}
