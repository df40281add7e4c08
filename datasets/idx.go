package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// idxByte is the IDX type code of unsigned bytes, the only one images use.
const idxByte = 0x08

// readIDX reads one IDX file of unsigned bytes with the given number of
// dimensions: two zero bytes, the type, the rank, big-endian 32-bit sizes, the
// values (format: the MNIST page of LeCun, Cortes and Burges).
func readIDX(r io.Reader, rank int) (shape []int, data []uint8, err error) {
	head, err := readN(r, int64(4+4*rank), 0)
	if err != nil {
		return nil, nil, err
	}
	if head[0] != 0 || head[1] != 0 || head[2] != idxByte || int(head[3]) != rank {
		return nil, nil, fmt.Errorf("%w: wrong magic number %#08x; an IDX file of bytes with %d dimensions starts with %#08x",
			ErrCorrupt, binary.BigEndian.Uint32(head), rank, idxByte<<8|rank)
	}
	dims := []int{1, 1, 1}
	for i := range rank {
		dims[i] = int(binary.BigEndian.Uint32(head[4+4*i:]))
	}
	if err := checkDims(dims[0], 1, dims[1], dims[2]); err != nil {
		return nil, nil, err
	}
	if data, err = readN(r, int64(dims[0])*int64(dims[1])*int64(dims[2]), 0); err != nil {
		return nil, nil, err
	}
	return dims[:rank], data, expectEnd(r)
}

// idxSplit holds the images and labels of one split, before they become a Set.
type idxSplit struct {
	images, labels []uint8
	h, w           int
}

// loadIDX reads a directory of IDX files.
func (l *loader) loadIDX(dir string) (*Set, error) {
	pairs := [][2]string{{trainImages, trainLabels}, {testImages, testLabels}}
	switch l.split {
	case SplitTrain:
		pairs = pairs[:1]
	case SplitTest:
		pairs = pairs[1:]
	}
	var all idxSplit
	for i, pair := range pairs {
		b, err := l.readPair(dir, pair[0], pair[1])
		if err != nil {
			return nil, err
		}
		switch {
		case i == 0:
			all = b
		case b.h != all.h || b.w != all.w:
			return nil, fmt.Errorf("%w: training images are %dx%d, test images %dx%d", ErrCorrupt, all.w, all.h, b.w, b.h)
		default:
			all.images = append(all.images, b.images...)
			all.labels = append(all.labels, b.labels...)
		}
	}
	return l.newIDXSet(all)
}

// newIDXSet returns a set of the images. Its class names are the dataset's own, or the
// numbers up to the largest label.
func (l *loader) newIDXSet(b idxSplit) (*Set, error) {
	classes := l.info.Classes
	if classes == nil {
		classes = make([]string, int(slices.Max(b.labels))+1)
		for i := range classes {
			classes[i] = strconv.Itoa(i)
		}
	}
	return New(l.src.Name, b.images, b.labels, 1, b.h, b.w, classes)
}

// readPair reads the images and labels of one split.
func (l *loader) readPair(dir, images, labels string) (idxSplit, error) {
	shape, pixels, err := l.readIDXFile(dir, images, 3)
	if err != nil {
		return idxSplit{}, err
	}
	count, values, err := l.readIDXFile(dir, labels, 1)
	if err != nil {
		return idxSplit{}, err
	}
	if shape[0] != count[0] {
		return idxSplit{}, fmt.Errorf("%w: %s has %d images, but %s has %d labels; %s",
			ErrCorrupt, images, shape[0], labels, count[0], l.repair())
	}
	return idxSplit{images: pixels, labels: values, h: shape[1], w: shape[2]}, nil
}

// readIDXFile reads dir/name or dir/name.gz and compares it with its published checksum,
// if it has one.
func (l *loader) readIDXFile(dir, name string, rank int) ([]int, []uint8, error) {
	path, file, err := openEither(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: %s has no %s or %s.gz; %s", ErrMissing, dir, name, name, l.wayOut())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer file.Close()
	shape, data, sum, err := readIDXStream(file, rank)
	if err == nil {
		err = l.checkPin(name, sum)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w; %s", path, err, l.repair())
	}
	return shape, data, nil
}

// readIDXStream reads an IDX file, gzipped or not. It returns the SHA-256 of the
// decompressed content, too.
func readIDXStream(r io.Reader, rank int) ([]int, []uint8, string, error) {
	content, err := gunzip(r)
	if err != nil {
		return nil, nil, "", err
	}
	content, sum := hashReader(content)
	shape, data, err := readIDX(content, rank)
	return shape, data, sum(), err
}

// checkPin returns an error if the named file has a published checksum and sum is another.
func (l *loader) checkPin(name, sum string) error {
	if want, ok := l.pins[name]; ok && sum != want {
		return fmt.Errorf("%w: checksum mismatch: SHA-256 %s, published %s", ErrCorrupt, sum, want)
	}
	return nil
}

// openEither opens path or path.gz.
func openEither(path string) (string, *os.File, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		path += ".gz"
		file, err = os.Open(path)
	}
	return path, file, err
}

// gunzip returns r's content, decompressed if it starts like a gzip file. One
// that grows beyond MaxGrowth is refused on the way.
func gunzip(r io.Reader) (io.Reader, error) {
	var g growth
	buffered := bufio.NewReaderSize(g.counted(r), 1<<16)
	magic, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	z, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("%w: gzip header: %w", ErrCorrupt, err)
	}
	return g.checked(z), nil
}

// isIDXName reports whether name is that of one of the IDX files.
func isIDXName(name string) bool {
	name = strings.TrimSuffix(name, ".gz")
	return slices.Contains([]string{trainImages, trainLabels, testImages, testLabels}, name)
}
