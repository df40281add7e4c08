package datasets

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// stl10 reads STL-10's binary files: images in planes whose values lie column by column,
// and labels from 1. The images without labels are left out.
var stl10 = form{
	name: "STL-10's binary files",
	wants: func(p string) bool {
		return slices.Contains([]string{"train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin", "unlabeled_X.bin", "class_names.txt", "fold_indices.txt"}, path.Base(p))
	},
	pairs: true,
	read:  (*loader).readSTL10,
}

// stl10Side is the side of an image, stl10Size its number of values.
const (
	stl10Side = 96
	stl10Size = 3 * stl10Side * stl10Side
)

// readSTL10 reads the files of the loader's splits and the names of the classes.
func (l *loader) readSTL10(d *dataFiles) ([]part, error) {
	contents, err := d.whole(MaxSetBytes, func(p string) bool {
		base := path.Base(p)
		return base == "class_names.txt" || splitIn(base) != "" && l.takes(splitIn(base)) && strings.HasSuffix(base, ".bin")
	})
	if err != nil {
		return nil, err
	}
	byName := map[string][]byte{}
	for p, data := range contents {
		if byName[path.Base(p)] != nil {
			return nil, advisedf("%w: %s is there twice; keep one of them", ErrCorrupt, path.Base(p))
		}
		byName[path.Base(p)] = data
	}
	classes := strings.Fields(string(byName["class_names.txt"]))
	var parts []part
	for _, split := range []string{SplitTrain, SplitTest} {
		images, labels := byName[split+"_X.bin"], byName[split+"_y.bin"]
		if images == nil && labels == nil {
			continue
		}
		t, err := stl10Part(split, images, labels, classes)
		if err != nil {
			return nil, fmt.Errorf("%s_X.bin, %s_y.bin: %w", split, split, err)
		}
		parts = append(parts, t)
	}
	return parts, nil
}

// stl10Part returns the images of one split in rows.
func stl10Part(split string, images, labels []byte, classes []string) (part, error) {
	if len(labels) == 0 || len(images) != len(labels)*stl10Size {
		return part{}, fmt.Errorf("%w: %w: %d labels need %d bytes of images, not %d", ErrCorrupt, errTruncated, len(labels), len(labels)*stl10Size, len(images))
	}
	t := part{split: split, c: 3, h: stl10Side, w: stl10Side, classes: classes, images: make([]uint8, len(images))}
	if len(classes) == 0 {
		t.classes = nil
	}
	for plane := 0; plane < len(images); plane += stl10Side * stl10Side {
		for at := range stl10Side * stl10Side {
			t.images[plane+at] = images[plane+at%stl10Side*stl10Side+at/stl10Side]
		}
	}
	for i, label := range labels {
		if label < 1 {
			return part{}, fmt.Errorf("%w: image %d has label 0; labels go from 1", ErrCorrupt, i)
		}
		t.labels = append(t.labels, int(label)-1)
	}
	return t, nil
}
