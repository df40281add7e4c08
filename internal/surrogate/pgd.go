package surrogate

// Attack is projected gradient descent (Madry et al., "Towards Deep Learning Models
// Resistant to Adversarial Attacks", 2018) towards a class: Steps steps of StepSize against
// the sign of the gradient of the class's cross-entropy, within Epsilon of the images and
// within the range of pixels. It starts without a change. Epsilon and StepSize are in 8-bit
// units.
type Attack struct {
	Epsilon  float64
	StepSize float64
	Steps    int
}

// Towards returns one change for all of the images, in 8-bit units, channel by channel,
// which lowers the mean cross-entropy of a class. With one image it is the classic attack.
func (a Attack) Towards(n *Net, images []uint8, class int) []float64 {
	size := n.shape.size()
	change, sum := make([]float64, size), make([]float64, size)
	plane := n.shape.H * n.shape.W
	w := n.newWork()
	for range a.Steps {
		clear(sum)
		for at := 0; at < len(images); at += size {
			image := images[at : at+size]
			n.load(w, image, change)
			n.forward(w)
			n.backward(w, class, nil, true)
			for i, v := range image {
				// A pixel at its bound does not follow its change.
				if value := float64(v) + change[i]; value >= 0 && value <= 255 {
					sum[i] += w.dimage[i%plane*n.shape.C+i/plane]
				}
			}
		}
		for i, v := range sum {
			switch {
			case v > 0:
				change[i] = max(change[i]-a.StepSize, -a.Epsilon)
			case v < 0:
				change[i] = min(change[i]+a.StepSize, a.Epsilon)
			}
		}
	}
	return change
}
