package network

import "fmt"

// preActResNet18 is the ResNet-18 whose blocks normalise before they convolve (He et al.,
// "Identity Mappings in Deep Residual Networks", 2016), with a normalisation behind the
// last one.
var preActResNet18 = architecture{"preact_resnet18", "PreAct-ResNet-18", true, func(b *builder) {
	b.stem("conv1", "bn1")
	for stage := range 4 {
		for i := range 2 {
			name := fmt.Sprintf("layer%d.%d", stage+1, i)
			p := b.block(PreActive, stage, i)
			p.First.Name, p.First.Norm = name+".conv1", name+".bn1"
			p.Second.Name, p.Second.Norm = name+".conv2", name+".bn2"
			if p.Shortcut.Out > 0 {
				p.Shortcut.Name = name + ".downsample.0"
			}
			b.net.Parts = append(b.net.Parts, p)
		}
	}
	b.net.Parts = append(b.net.Parts, Part{Kind: Final, First: Conv{Norm: "bn", In: b.channels, Out: b.channels}})
}}
