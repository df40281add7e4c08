package network

import "fmt"

// vgg11 is the VGG-11 with batch normalisation (Simonyan and Zisserman, 2015) for small
// images: torchvision's features without biases, which the normalisation makes idle,
// without the last pooling, and one linear layer.
var vgg11 = architecture{"vgg11_bn", "VGG-11-BN", false, func(b *builder) {
	b.net.Last = "classifier"
	b.features([]int{1, 0, 2, 0, 4, 4, 0, 8, 8, 0, 8, 8})
}}

// features adds convolutions with these multiples of the width as channels, and max-pooling
// for each 0, under the indices that torchvision's list of modules gives them.
func (b *builder) features(multiples []int) {
	at := 0
	for _, multiple := range multiples {
		if multiple == 0 {
			b.pool(2)
			at++
			continue
		}
		b.plain(fmt.Sprintf("features.%d", at), fmt.Sprintf("features.%d", at+1), multiple*b.spec.Width, 3, 1)
		at += 3
	}
}
