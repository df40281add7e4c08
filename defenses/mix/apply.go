package mix

// Images returns the mixed batch. images holds len(images)/(channels*height*width)
// images one after another, channel by channel in row order, raw or normalised
// (mixing commutes with normalisation, as lambda and 1 - lambda add up to 1).
//
// Cut takes the pixels of Box from the partner (equation 1 of Yun et al.); Up
// computes Lambda*image + (1-Lambda)*partner (section 2 of Zhang et al.).
func Images[T uint8 | float32](d Draw, images []T, channels, height, width int) []float32 {
	mixed := make([]float32, len(images))
	for i, v := range images {
		mixed[i] = float32(v)
	}
	size := channels * height * width
	for i, partner := range d.Partner {
		own, other := mixed[i*size:(i+1)*size], images[int(partner)*size:(int(partner)+1)*size]
		if d.Kind == Up {
			blend(own, other, d.Lambda)
			continue
		}
		for row := range channels * height {
			if y := row % height; y < d.Box.Y1 || y >= d.Box.Y2 {
				continue
			}
			for at := row*width + d.Box.X1; at < row*width+d.Box.X2; at++ {
				own[at] = float32(other[at])
			}
		}
	}
	return mixed
}

// blend replaces own by lambda*own + (1-lambda)*other.
func blend[T uint8 | float32](own []float32, other []T, lambda float64) {
	weight, rest := float32(lambda), float32(1-lambda)
	for i, v := range other {
		own[i] = float32(weight*own[i]) + float32(rest*float32(v))
	}
}

// Labels returns the soft labels of the mixed batch, len(labels) rows of one
// weight per class: Lambda for the image's own label and 1 - Lambda for its
// partner's. If the two labels are equal, the weights add up.
func Labels(d Draw, labels []uint16, classes int) []float32 {
	soft := make([]float32, len(labels)*classes)
	for i, label := range labels {
		soft[i*classes+int(label)] = float32(d.Lambda)
	}
	for i, partner := range d.Partner {
		soft[i*classes+int(labels[partner])] += float32(1 - d.Lambda)
	}
	return soft
}
