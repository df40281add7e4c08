package experiments

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// array is a numpy array in row-major order.
type array struct {
	name   string
	shape  []int
	values any // []uint8 or []int64
}

// npyMagic begins a .npy file of format version 1.0; the length of the header
// follows, and the values begin at a multiple of npyAlignment. See
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
const (
	npyMagic     = "\x93NUMPY\x01\x00"
	npyAlignment = 64
)

// writeNPZ writes arrays as numpy.savez does: a ZIP archive of .npy files, not
// compressed. The same arrays give the same bytes.
func writeNPZ(w io.Writer, arrays []array) error {
	archive := zip.NewWriter(w)
	for _, a := range arrays {
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: a.name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := a.write(entry); err != nil {
			return fmt.Errorf("array %s: %w", a.name, err)
		}
	}
	return archive.Close()
}

// write writes the array as a .npy file.
func (a array) write(w io.Writer) error {
	kind := "|u1"
	if _, ok := a.values.([]int64); ok {
		kind = "<i8"
	}
	var shape strings.Builder
	for _, n := range a.shape {
		fmt.Fprintf(&shape, "%d, ", n) // a tuple of one needs its comma
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, shape.String())
	const lengthBytes, newline = 2, 1
	unpadded := len(npyMagic) + lengthBytes + len(header) + newline
	header += strings.Repeat(" ", (npyAlignment-unpadded%npyAlignment)%npyAlignment) + "\n"
	for _, part := range []any{[]byte(npyMagic), uint16(len(header)), []byte(header), a.values} {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return nil
}
