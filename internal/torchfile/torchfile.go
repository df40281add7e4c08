// Package torchfile writes values in the format of PyTorch's torch.save.
//
// A file is a ZIP archive with a pickle of the value, and a file with the raw values of each tensor.
// Numpy arrays are written as calls of numpy.array, so that torch.load reads the file with
// weights_only=False alone, if it has any. See
// https://docs.pytorch.org/docs/stable/notes/serialization.html.
package torchfile

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// ErrValue reports a value that cannot be written.
var ErrValue = errors.New("bad value")

// List is a Python list. Its items are nil, bool, int, int64, float64, string, List, Tuple, Dict, Integers or
// Tensor.
type List []any

// Tuple is a Python tuple, with the items that a List may have.
type Tuple []any

// Dict is a Python dictionary in its order.
type Dict []Entry

// Entry is a key of a Dict with its value.
type Entry struct {
	Key, Value any
}

// Integers is a numpy array of one dimension and type int64.
type Integers []int64

// Tensor is a tensor in row-major order.
type Tensor struct {
	Shape  []int
	Values any // []float32 or []int64, as many as the product of Shape
}

// storage returns the raw values of the tensor, the name of their storage in PyTorch and their number.
func (t Tensor) storage() (raw []byte, kind string, count int, err error) {
	switch values := t.Values.(type) {
	case []float32:
		kind, count = "FloatStorage", len(values)
		for _, v := range values {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
	case []int64:
		kind, count = "LongStorage", len(values)
		for _, v := range values {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
		}
	default:
		return nil, "", 0, fmt.Errorf("%w: a tensor of %T", ErrValue, t.Values)
	}
	product := 1
	for _, n := range t.Shape {
		product *= n
	}
	if product != count {
		return nil, "", 0, fmt.Errorf("%w: %d values do not fit the shape %v", ErrValue, count, t.Shape)
	}
	return raw, kind, count, nil
}

// The names within the archive, and the version of the format.
const (
	archiveName = "archive"
	version     = "3\n"
	byteOrder   = "little"
)

// Write writes a value like torch.save. The same value gives the same bytes. The error wraps [ErrValue]
// if the value is at fault.
func Write(w io.Writer, value any) error {
	var p pickler
	data, err := p.pickle(value)
	if err != nil {
		return fmt.Errorf("torchfile: write: %w", err)
	}
	archive := zip.NewWriter(w)
	add := func(name string, content []byte) error {
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: archiveName + "/" + name, Method: zip.Store})
		if err == nil {
			_, err = entry.Write(content)
		}
		return err
	}
	errs := []error{add("data.pkl", data), add("byteorder", []byte(byteOrder))}
	for i, storage := range p.storages {
		errs = append(errs, add("data/"+strconv.Itoa(i), storage))
	}
	errs = append(errs, add("version", []byte(version)), archive.Close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("torchfile: write: %w", err)
	}
	return nil
}
