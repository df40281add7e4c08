package datasets

import (
	"bytes"
	_ "embed" // the default data
	"fmt"

	"backfire/datasets/census"
)

//go:embed embedded/t10k-images-idx3-ubyte.gz
var embeddedImages []byte

//go:embed embedded/t10k-labels-idx1-ubyte.gz
var embeddedLabels []byte

// loadEmbedded returns Fashion-MNIST's test images, which are part of the program.
func (l *loader) loadEmbedded() (*Set, error) {
	if l.src.Path != "" {
		return nil, fmt.Errorf("data.path is %s, but the %s data are part of the program: set data.name to %s to load your own",
			l.src.Path, Embedded, Folder)
	}
	if l.split == SplitTrain {
		return nil, fmt.Errorf("%w: the %s data are Fashion-MNIST's test images only; for its training images use the name %s",
			ErrSplit, Embedded, FashionMNIST)
	}
	shape, images, _, err := readIDXStream(bytes.NewReader(embeddedImages), 3)
	if err != nil {
		return nil, err
	}
	_, values, _, err := readIDXStream(bytes.NewReader(embeddedLabels), 1)
	if err != nil {
		return nil, err
	}
	labels := DecodeLabels(values, byteClasses)
	set, err := l.newIDXSet(idxSplit{images: images, labels: labels, h: shape[1], w: shape[2]})
	if err != nil {
		return nil, err
	}
	split := census.SplitCount{Name: SplitTest, Classes: make([]int, len(set.Classes))}
	split.Add(labels)
	set.Census = census.Census{Seen: 2, Read: 2, Splits: []census.SplitCount{split}}
	return set, nil
}
