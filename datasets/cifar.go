package datasets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The shape of CIFAR-10's binary version: records of one label and a 3x32x32
// image, planes in the order red, green, blue (format: Krizhevsky's CIFAR page).
const (
	cifarSide   = 32
	cifarPixels = 3 * cifarSide * cifarSide
	cifarRecord = 1 + cifarPixels
	// maxCIFARBatch is the largest accepted batch file; a real one has 10,000 records.
	maxCIFARBatch = 12_000 * cifarRecord
)

// The names of CIFAR-10's binary version.
const (
	cifarArchive = "cifar-10-binary.tar.gz"
	cifarFolder  = "cifar-10-batches-bin"
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
	images, labels []uint8
	sum            string // SHA-256 of the file
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
	b := batch{images: make([]uint8, 0, n*cifarPixels), labels: make([]uint8, 0, n), sum: sum()}
	for i := range n {
		record := data[i*cifarRecord : (i+1)*cifarRecord]
		if int(record[0]) >= len(cifarClasses) {
			return batch{}, fmt.Errorf("%w: record %d has label %d; labels go from 0 to %d", ErrCorrupt, i, record[0], len(cifarClasses)-1)
		}
		b.labels = append(b.labels, record[0])
		b.images = append(b.images, record[1:]...)
	}
	return b, nil
}

// loadCIFAR reads a directory of batches.
func (l *loader) loadCIFAR(dir string) (*Set, error) {
	batches := map[string]batch{}
	for _, name := range l.cifarBatches() {
		path := filepath.Join(dir, name)
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // newCIFARSet reports it
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", name, err)
		}
		b, err := readCIFAR(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w; %s", path, err, l.repair())
		}
		batches[name] = b
	}
	return l.newCIFARSet(dir, batches)
}

// newCIFARSet joins the batches of the split, after it has checked that none is missing
// and that each has its published checksum.
func (l *loader) newCIFARSet(where string, batches map[string]batch) (*Set, error) {
	names := l.cifarBatches()
	n := 0
	for _, name := range names {
		b, ok := batches[name]
		if !ok {
			return nil, fmt.Errorf("%w: %s has no %s; %s", ErrMissing, where, name, l.wayOut())
		}
		if err := l.checkPin(name, b.sum); err != nil {
			return nil, fmt.Errorf("%s in %s: %w; %s", name, where, err, l.repair())
		}
		n += len(b.labels)
	}
	images, labels := make([]uint8, 0, n*cifarPixels), make([]uint8, 0, n)
	for _, name := range names {
		images = append(images, batches[name].images...)
		labels = append(labels, batches[name].labels...)
	}
	return New(l.src.Name, images, labels, 3, cifarSide, cifarSide, slices.Clone(cifarClasses))
}
