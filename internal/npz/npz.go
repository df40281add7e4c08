// Package npz writes arrays in numpy's format.
//
// An .npz file is a ZIP archive of .npy files, one per array. Each consists of a magic
// word, a header with type and shape, and the values, little-endian and row-major. See
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package npz

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrArray reports an array that cannot be written.
var ErrArray = errors.New("bad array")

// Array is a numpy array in row-major order.
type Array struct {
	Name   string // without the extension of a file
	Shape  []int
	Values any // []uint8, []int64 or []bool, as many as the product of Shape
}

// A .npy file of format version 1.0 begins with magic and the length of the header (2
// bytes). The values begin at a multiple of alignment.
const (
	magic     = "\x93NUMPY\x01\x00"
	alignment = 64
)

// Write writes arrays like numpy.savez, without compression. The same arrays give the
// same bytes. The error wraps [ErrArray] if an array is at fault.
func Write(w io.Writer, arrays ...Array) error {
	archive := zip.NewWriter(w)
	for _, a := range arrays {
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store})
		if err != nil {
			return fmt.Errorf("npz: write %s: %w", a.Name, err)
		}
		if err := a.write(entry); err != nil {
			return fmt.Errorf("npz: write %s: %w", a.Name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("npz: write: %w", err)
	}
	return nil
}

// write writes the array as a .npy file.
func (a Array) write(w io.Writer) error {
	var kind string
	var length int
	switch values := a.Values.(type) {
	case []uint8:
		kind, length = "|u1", len(values)
	case []int64:
		kind, length = "<i8", len(values)
	case []bool:
		kind, length = "|b1", len(values)
	default:
		return fmt.Errorf("%w: values of type %T", ErrArray, a.Values)
	}
	product := 1
	var shape strings.Builder
	for _, n := range a.Shape {
		product *= n
		fmt.Fprintf(&shape, "%d, ", n) // a tuple of one element needs the comma
	}
	if product != length {
		return fmt.Errorf("%w: %d values do not fit the shape %v", ErrArray, length, a.Shape)
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, shape.String())
	const lengthBytes, newline = 2, 1
	unpadded := len(magic) + lengthBytes + len(header) + newline
	header += strings.Repeat(" ", (alignment-unpadded%alignment)%alignment) + "\n"
	for _, part := range []any{[]byte(magic), uint16(len(header)), []byte(header), a.Values} {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return nil
}
