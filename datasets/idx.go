package datasets

import (
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

	"backfire/datasets/census"
	"backfire/datasets/internal/sniff"
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
		clause, advice := idxClause(head, r)
		err := fmt.Errorf("%w: wrong magic number %#08x; an IDX file of bytes with %d dimensions starts with %#08x%s",
			ErrCorrupt, binary.BigEndian.Uint32(head), rank, idxByte<<8|rank, clause)
		if advice {
			err = advised{err}
		}
		return nil, nil, err
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

// idxClause returns what a file is that is no IDX file of bytes of the rank asked for, as
// a clause for an error, and reports whether the clause names the way out. head is its
// beginning, which was read from r.
func idxClause(head []byte, r io.Reader) (clause string, advice bool) {
	types := map[byte]string{
		idxByte: "bytes", 0x09: "signed bytes", 0x0b: "16-bit integers", 0x0c: "32-bit integers", 0x0d: "32-bit floats", 0x0e: "64-bit floats",
	}
	if name, ok := types[head[2]]; ok && head[0] == 0 && head[1] == 0 && head[3] > 0 && head[3] < 8 {
		return fmt.Sprintf(": it has %s in %d dimensions; store images as bytes in the three dimensions count, height, width, and labels as bytes in one",
			name, head[3]), true
	}
	more := make([]byte, sniff.Head-len(head))
	n, _ := io.ReadFull(r, more) // fewer bytes are enough
	return sniff.Clause(append(slices.Clip(head), more[:n]...))
}

// idxSplit holds the images and labels of one split, before they become a Set.
type idxSplit struct {
	images, labels []uint8
	h, w           int
}

// loadIDX reads a directory of IDX files.
func (l *loader) loadIDX(dir string) (*Set, error) {
	read := map[string]bool{}
	all, labels, err := l.readPairs(dir, read)
	if err != nil {
		return nil, err
	}
	set, err := l.newIDXSet(all)
	if err != nil {
		return nil, err
	}
	var out census.Tally
	err = surroundings(&out, dir, func(name string) census.Reason {
		switch {
		case read[name]:
			return ""
		case isIDXName(name) && !read[name+".gz"] && !read[strings.TrimSuffix(name, ".gz")]:
			return census.Split
		}
		return census.Beside
	})
	if err != nil {
		return nil, err
	}
	set.Census = census.Census{Seen: len(read) + out.Files(), Read: len(read), LeftOut: out.LeftOut()}
	for i, split := range l.idxSplits() {
		count := census.SplitCount{Name: split, Classes: make([]int, len(set.Classes))}
		count.Add(labels[i])
		set.Census.Splits = append(set.Census.Splits, count)
	}
	return set, nil
}

// idxSplits returns the names of the splits that make up the loader's, in order.
func (l *loader) idxSplits() []string {
	if l.split == SplitAll {
		return []string{SplitTrain, SplitTest}
	}
	return []string{l.split}
}

// readPairs joins the images and labels of the loader's split. It returns also the
// labels of each of its parts, and adds the names of the files to read.
func (l *loader) readPairs(dir string, read map[string]bool) (idxSplit, [][]uint8, error) {
	pairs := [][2]string{{trainImages, trainLabels}, {testImages, testLabels}}
	switch l.split {
	case SplitTrain:
		pairs = pairs[:1]
	case SplitTest:
		pairs = pairs[1:]
	}
	var all idxSplit
	var labels [][]uint8
	for i, pair := range pairs {
		b, err := l.readPair(dir, pair[0], pair[1], read)
		if err != nil {
			return idxSplit{}, nil, err
		}
		labels = append(labels, b.labels)
		switch {
		case i == 0:
			all = b
		case b.h != all.h || b.w != all.w:
			return idxSplit{}, nil, fmt.Errorf("%w: training images are %dx%d, test images %dx%d", ErrCorrupt, all.w, all.h, b.w, b.h)
		default:
			all.images = append(all.images, b.images...)
			all.labels = append(all.labels, b.labels...)
		}
	}
	return all, labels, nil
}

// newIDXSet returns a set of the images. Its class names are the dataset's own, or the
// numbers up to the largest label.
func (l *loader) newIDXSet(b idxSplit) (*Set, error) {
	classes := l.info.Classes
	if lowest := slices.Min(b.labels); classes == nil && lowest > 0 {
		return nil, advisedf("%w: class \"0\" has no images: the labels start at %d; number the classes from 0", ErrCorrupt, lowest)
	}
	if classes == nil {
		classes = make([]string, int(slices.Max(b.labels))+1)
		for i := range classes {
			classes[i] = strconv.Itoa(i)
		}
	}
	return New(l.src.Name, b.images, b.labels, 1, b.h, b.w, classes)
}

// readPair reads the images and labels of one split.
func (l *loader) readPair(dir, images, labels string, read map[string]bool) (idxSplit, error) {
	shape, pixels, err := l.readIDXFile(dir, images, 3, read)
	if err != nil {
		return idxSplit{}, err
	}
	count, values, err := l.readIDXFile(dir, labels, 1, read)
	if err != nil {
		return idxSplit{}, err
	}
	if shape[0] != count[0] {
		return idxSplit{}, fmt.Errorf("%w: %s has %d images, but %s has %d labels; %s",
			ErrCorrupt, images, shape[0], labels, count[0], l.repair())
	}
	return idxSplit{images: pixels, labels: values, h: shape[1], w: shape[2]}, nil
}

// readIDXFile reads dir/name or dir/name.gz, adds its name to read, and compares it with
// its published checksum, if it has one.
func (l *loader) readIDXFile(dir, name string, rank int, read map[string]bool) ([]int, []uint8, error) {
	found, file, err := openEither(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: %s has no %s or %s.gz; %s", ErrMissing, dir, name, name, l.wayOut())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: open %s: %w", dir, name, err)
	}
	defer file.Close()
	read[found] = true
	shape, data, sum, err := readIDXStream(file, rank)
	if err == nil {
		err = l.checkPin(name, sum)
	}
	if err != nil {
		return nil, nil, l.mend(filepath.Join(dir, found), err)
	}
	return shape, data, nil
}

// readIDXStream reads an IDX file, compressed or not. It returns the SHA-256 of the
// decompressed content, too.
func readIDXStream(r io.Reader, rank int) ([]int, []uint8, string, error) {
	content, err := decompress(r)
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

// openEither opens name or name.gz in a directory, and returns the name of the file.
func openEither(dir, name string) (string, *os.File, error) {
	file, err := openIn(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		name += ".gz"
		file, err = openIn(dir, name)
	}
	return name, file, err
}

// isIDXName reports whether name is that of one of the IDX files.
func isIDXName(name string) bool {
	name = strings.TrimSuffix(name, ".gz")
	return slices.Contains([]string{trainImages, trainLabels, testImages, testLabels}, name)
}
