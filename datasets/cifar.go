package datasets

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"backfire/datasets/census"
	"backfire/datasets/internal/confined"
)

// The shape of CIFAR-10's binary version: records of one label and a 3x32x32
// image, planes in the order red, green, blue (format: Krizhevsky's CIFAR page).
const (
	cifarSide   = 32
	cifarPixels = 3 * cifarSide * cifarSide
	cifarRecord = 1 + cifarPixels
	// maxCIFARBatch is the largest accepted batch file; a real one has 10,000 records.
	maxCIFARBatch = 12_000 * cifarRecord
	// maxCIFARMeta is the largest accepted size of the class names in bytes.
	maxCIFARMeta = 1 << 16
)

// The names of CIFAR-10's binary version.
const (
	cifarArchive = "cifar-10-binary.tar.gz"
	cifarFolder  = "cifar-10-batches-bin"
	cifarMeta    = "batches.meta.txt" // the names of the classes
)

var (
	cifarTrain   = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}
	cifarTest    = []string{"test_batch.bin"}
	cifarClasses = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
)

// isCIFARBatch reports whether name is that of one of the batches.
func isCIFARBatch(name string) bool {
	return slices.Contains(cifarTrain, name) || slices.Contains(cifarTest, name)
}

// cifarBatches returns the batches that make up the loader's split, in order.
func (l *loader) cifarBatches() []string {
	switch l.split {
	case SplitTrain:
		return cifarTrain
	case SplitTest:
		return cifarTest
	}
	return slices.Concat(cifarTrain, cifarTest)
}

// batch is the content of one CIFAR-10 batch file.
type batch struct {
	images []uint8
	labels []uint16
	sum    string // SHA-256 of the file
}

// readCIFAR reads one batch file to its end.
func readCIFAR(r io.Reader) (batch, error) {
	r, sum := hashReader(r)
	data, err := io.ReadAll(io.LimitReader(r, maxCIFARBatch+1))
	if err != nil {
		return batch{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	switch n := len(data); {
	case n > maxCIFARBatch:
		return batch{}, fmt.Errorf("%w: larger than %d bytes", ErrCorrupt, maxCIFARBatch)
	case n == 0 || n%cifarRecord != 0:
		return batch{}, fmt.Errorf("%w: %w: %d bytes are not a whole number of records of %d", ErrCorrupt, errTruncated, n, cifarRecord)
	}
	n := len(data) / cifarRecord
	b := batch{images: make([]uint8, 0, n*cifarPixels), labels: make([]uint16, 0, n), sum: sum()}
	for i := range n {
		record := data[i*cifarRecord : (i+1)*cifarRecord]
		if int(record[0]) >= len(cifarClasses) {
			return batch{}, fmt.Errorf("%w: record %d has label %d; labels go from 0 to %d", ErrCorrupt, i, record[0], len(cifarClasses)-1)
		}
		b.labels = append(b.labels, uint16(record[0]))
		b.images = append(b.images, record[1:]...)
	}
	return b, nil
}

// loadCIFAR reads a directory of batches.
func (l *loader) loadCIFAR(ctx context.Context, loc location) (*Set, error) {
	dir, err := confined.Open(loc.path)
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	defer dir.Close()
	ls := newListing()
	if loc.path != loc.root {
		if err := surroundings(&ls.out, loc.root, func(name string) census.Reason {
			if name == cifarFolder {
				return ""
			}
			return census.Beside
		}); err != nil {
			return nil, err
		}
	}
	err = surroundings(&ls.out, loc.path, func(name string) census.Reason {
		switch file := (dataFile{path: name, content: name}); {
		case isCIFARBatch(name):
			ls.batches = append(ls.batches, file)
		case name == cifarMeta:
			ls.meta = &file
		default:
			return census.Beside
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	set, err := l.readBatches(ls, &folderReader{ctx, dir, ls, &growth{}}, loc.path)
	return set, l.mend(loc.path, err)
}

// readBatches reads the batches of the split and joins them in their order, after it has
// checked that none is missing and that each has its published checksum.
func (l *loader) readBatches(ls *listing, from reader, where string) (*Set, error) {
	names := l.cifarBatches()
	batches := map[string]batch{}
	classes, read := slices.Clone(cifarClasses), len(names)
	err := from.read(func(p string) bool {
		return slices.Contains(names, path.Base(p)) || ls.meta != nil && p == ls.meta.path
	}, func(p string, _ int64, body io.Reader) error {
		if ls.meta != nil && p == ls.meta.path {
			return l.readClasses(ls, body, &classes, &read)
		}
		b, err := readCIFAR(body)
		batches[path.Base(p)] = b
		if err != nil {
			return fmt.Errorf("%s: %w", shown(p), err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, b := range ls.batches {
		if !slices.Contains(names, path.Base(b.path)) {
			ls.out.Add(census.Split, "", b.path)
		}
	}
	set, err := l.newCIFARSet(where, batches, classes)
	if err != nil {
		return nil, err
	}
	set.Census = ls.census(read, cifarSplits(names, batches, len(classes)))
	return set, nil
}

// readClasses reads the names of the classes beside the batches. Data of one's own have
// other classes than CIFAR-10. A file without a name for each label is left out.
func (l *loader) readClasses(ls *listing, body io.Reader, classes *[]string, read *int) error {
	text, err := io.ReadAll(io.LimitReader(body, maxCIFARMeta+1))
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrCorrupt, shown(ls.meta.path), err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" {
			names = append(names, line)
		}
	}
	if len(names) != len(cifarClasses) || len(text) > maxCIFARMeta {
		ls.out.Add(census.Other, "", ls.meta.path)
		return nil
	}
	*read++
	if l.src.Name == Folder {
		*classes = names
	}
	return checkNames(names)
}

// cifarSplits returns the number of images of each split and class.
func cifarSplits(names []string, batches map[string]batch, classes int) []census.SplitCount {
	var counts []census.SplitCount
	for _, name := range names {
		split := SplitTrain
		if slices.Contains(cifarTest, name) {
			split = SplitTest
		}
		if n := len(counts); n == 0 || counts[n-1].Name != split {
			counts = append(counts, census.SplitCount{Name: split, Classes: make([]int, classes)})
		}
		counts[len(counts)-1].Add(batches[name].labels)
	}
	return counts
}

// newCIFARSet joins the batches of the split.
func (l *loader) newCIFARSet(where string, batches map[string]batch, classes []string) (*Set, error) {
	names := l.cifarBatches()
	n := 0
	for _, name := range names {
		b, ok := batches[name]
		if !ok {
			return nil, fmt.Errorf("%w: %s has no %s; %s", ErrMissing, where, name, l.wayOut())
		}
		if err := l.checkPin(name, b.sum); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		n += len(b.labels)
	}
	images, labels := make([]uint8, 0, n*cifarPixels), make([]uint16, 0, n)
	for _, name := range names {
		images = append(images, batches[name].images...)
		labels = append(labels, batches[name].labels...)
	}
	return New(l.src.Name, images, labels, 3, cifarSide, cifarSide, classes)
}
