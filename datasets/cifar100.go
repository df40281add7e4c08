package datasets

import (
	"fmt"
	"io"
	"path"
	"strings"
)

// binaryCIFAR100 reads the binary version of CIFAR-100: records of a coarse label, a fine
// label, which is used, and the planes of an image.
var binaryCIFAR100 = form{
	name: "CIFAR-100's binary files",
	wants: func(p string) bool {
		base := path.Base(p)
		return base == "train.bin" || base == "test.bin" || base == "fine_label_names.txt" || base == "coarse_label_names.txt"
	},
	pairs: true,
	read:  (*loader).readCIFAR100,
}

// cifar100Record is the size of one record, maxCIFAR100 that of the largest accepted file.
const (
	cifar100Record = 2 + cifarPixels
	maxCIFAR100    = 60_000 * cifar100Record
)

// readCIFAR100 reads the files of the loader's splits and the names of the fine labels.
func (l *loader) readCIFAR100(d *dataFiles) ([]part, error) {
	var parts []part
	var classes []string
	err := d.each(func(p string) bool {
		base := path.Base(p)
		return base == "fine_label_names.txt" || strings.HasSuffix(base, ".bin") && l.takes(splitIn(base))
	}, func(p string, _ int64, body io.Reader) error {
		limit := int64(maxCIFAR100)
		names := strings.HasSuffix(p, ".txt")
		if names {
			limit = maxCIFARMeta
		}
		data, err := io.ReadAll(io.LimitReader(body, limit+1))
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		case int64(len(data)) > limit:
			return fmt.Errorf("%w: more than %d bytes", ErrCorrupt, limit)
		case names:
			classes = strings.Fields(string(data))
			return nil
		case len(data) == 0 || len(data)%cifar100Record != 0:
			return fmt.Errorf("%w: %w: %d bytes are not a whole number of records of %d", ErrCorrupt, errTruncated, len(data), cifar100Record)
		}
		parts = append(parts, cifar100Part(splitIn(path.Base(p)), data))
		return nil
	})
	for i := range parts {
		parts[i].classes = classes
	}
	return parts, err
}

// cifar100Part returns the images of one file.
func cifar100Part(split string, data []byte) part {
	t := part{split: split, c: 3, h: cifarSide, w: cifarSide}
	for ; len(data) > 0; data = data[cifar100Record:] {
		t.labels = append(t.labels, int(data[1]))
		t.images = append(t.images, data[2:cifar100Record]...)
	}
	return t
}
