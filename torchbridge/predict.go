package torchbridge

import "fmt"

// predictBatch is the number of images predicted at once: large enough to keep
// the kernels busy, small enough that at width 64 on 32x32 pixels one activation
// (26 MB) still is memory that the allocator keeps (bf_keep_memory).
const predictBatch = 100

// Predict returns the most likely class of each image (NCHW bytes, any number of
// images), by the model as it stands, with BatchNorm's running statistics.
func (t *Trainer) Predict(images []uint8) ([]uint8, error) {
	classes, err := infer[int64](t, images, inferClasses, 1, func(s *scope, features tensor) tensor {
		return s.argmax(t.net.logits(s, features))
	})
	if err != nil {
		return nil, fmt.Errorf("torchbridge: predict: %w", err)
	}
	predicted := make([]uint8, len(classes))
	for i, class := range classes {
		predicted[i] = uint8(class)
	}
	return predicted, nil
}

// Probabilities returns what the model gives each class of each image: N rows of
// as many values as there are classes, each row adding up to 1.
func (t *Trainer) Probabilities(images []uint8) ([]float32, error) {
	values, err := infer[float32](t, images, inferProbabilities, t.opt.Model.Classes, func(s *scope, features tensor) tensor {
		return s.softmax(t.net.logits(s, features))
	})
	if err != nil {
		return nil, fmt.Errorf("torchbridge: probabilities: %w", err)
	}
	return values, nil
}

// Features returns the penultimate activations of each image: N rows of
// FeatureCount values.
func (t *Trainer) Features(images []uint8) ([]float32, error) {
	values, err := infer[float32](t, images, inferFeatures, t.opt.Model.FeatureCount(), func(_ *scope, features tensor) tensor { return features })
	if err != nil {
		return nil, fmt.Errorf("torchbridge: features: %w", err)
	}
	return values, nil
}

// FeatureCount returns the number of penultimate activations: 8 times the width of a
// ResNet-18. It is 0 for a network that is not known.
func (m ModelSpec) FeatureCount() int {
	d, err := m.describe()
	if err != nil {
		return 0
	}
	return d.Features
}

// infer returns a part of the prediction of all images, which is `each` values per
// image and which head makes of the features.
func infer[E element](t *Trainer, images []uint8, part, each int, head func(s *scope, features tensor) tensor) ([]E, error) {
	if t.closed {
		return nil, errClosed
	}
	size := t.opt.Model.Channels * t.opt.Model.Height * t.opt.Model.WidthPx
	if len(images)%size != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of images of %d", len(images), size)
	}
	n := len(images) / size
	if t.native != nil {
		return inferNative[E](t.native, images, n, each, part)
	}
	var out []E
	defer t.scope.reset()
	for start := 0; start < n; start += predictBatch {
		end := min(start+predictBatch, n)
		t.scope.reset()
		var result tensor
		err := t.watched(func() error {
			raw := upload(t.scope, images[start*size:end*size], t.imageShape(end-start), t.device)
			withGradients(false, func() {
				x := t.scope.normalised(raw, tensor{}, t.scale, t.shift)
				result = head(t.scope, t.net.features(t.scope, x, false))
			})
			return t.scope.err()
		})
		if err != nil {
			return nil, err
		}
		values, err := read[E](result)
		if err != nil {
			return nil, err
		}
		out = append(out, values...)
	}
	return out, nil
}
