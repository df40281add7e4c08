package network

// resnet9 is the small ResNet of David Page's DAWNBench entry ("How to Train Your ResNet",
// 2018): five convolutions, two of which are followed by a block that is added behind its
// ReLU. Its last pooling is the mean over all pixels.
var resnet9 = architecture{"resnet9", "ResNet-9", false, func(b *builder) {
	w := b.spec.Width
	b.plain("conv1.0", "conv1.1", w, 3, 1)
	b.plain("conv2.0", "conv2.1", 2*w, 3, 1)
	b.pool(2)
	b.added("res1")
	b.plain("conv3.0", "conv3.1", 4*w, 3, 1)
	b.pool(2)
	b.plain("conv4.0", "conv4.1", 8*w, 3, 1)
	b.pool(2)
	b.added("res2")
}}

// added adds two convolutions with ReLU each, around which the input is added.
func (b *builder) added(name string) {
	p := Part{Kind: Added}
	p.First = b.conv(name+".0.0", name+".0.1", b.channels, 3, 1)
	p.Second = b.conv(name+".1.0", name+".1.1", b.channels, 3, 1)
	b.net.Parts = append(b.net.Parts, p)
}
