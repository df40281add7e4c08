package network

// smallCNN is a network for quick studies: three pairs of convolutions and poolings with
// batch normalisation, and one linear layer.
var smallCNN = architecture{"smallcnn", "SmallCNN", false, func(b *builder) {
	b.net.Last = "classifier"
	b.features([]int{1, 1, 0, 2, 2, 0, 4, 4})
}}
