package network

import "fmt"

// ResNet18 is the name of the paper's network.
const ResNet18 = "resnet18"

// resnet18 and resnet34 are those of He et al. ("Deep Residual Learning for Image
// Recognition", 2016) under torchvision's names, by default with the stem for small
// images.
var (
	resnet18 = architecture{ResNet18, "ResNet-18", true, func(b *builder) { b.resnet(2, 2, 2, 2) }}
	resnet34 = architecture{"resnet34", "ResNet-34", true, func(b *builder) { b.resnet(3, 4, 6, 3) }}
)

// resnet adds a ResNet of four stages with the given numbers of basic blocks.
func (b *builder) resnet(blocks ...int) {
	b.stem("conv1", "bn1")
	for stage, n := range blocks {
		for i := range n {
			name := fmt.Sprintf("layer%d.%d", stage+1, i)
			p := b.block(Basic, stage, i)
			p.First.Name, p.First.Norm = name+".conv1", name+".bn1"
			p.Second.Name, p.Second.Norm = name+".conv2", name+".bn2"
			if p.Shortcut.Out > 0 {
				p.Shortcut.Name, p.Shortcut.Norm = name+".downsample.0", name+".downsample.1"
			}
			b.net.Parts = append(b.net.Parts, p)
		}
	}
}

// stem adds the first convolution.
func (b *builder) stem(conv, norm string) {
	if b.spec.Stem == StemLarge {
		b.plain(conv, norm, b.spec.Width, 7, 2)
		b.pool(3)
		return
	}
	b.plain(conv, norm, b.spec.Width, 3, 1)
}

// block returns a block of a stage without names. The first block of all stages but the
// first halves the image and doubles the channels; its shortcut is a convolution then.
func (b *builder) block(kind Kind, stage, i int) Part {
	out, stride := b.spec.Width<<stage, 1
	if stage > 0 && i == 0 {
		stride = 2
	}
	p := Part{Kind: kind, First: b.conv("", "", out, 3, stride)}
	if stride != 1 || b.channels != out {
		p.Shortcut = b.conv("", "", out, 1, stride)
	}
	b.channels = out
	b.shrinks *= stride
	p.Second = b.conv("", "", out, 3, 1)
	return p
}
