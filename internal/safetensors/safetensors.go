// Package safetensors writes and reads float32 tensors in the safetensors format, which
// other tools can open without running code from the file.
//
// A file consists of the length of a header (8 bytes, little-endian), the header (JSON:
// the type, the shape and the position of each tensor, and a table of strings under
// "__metadata__"), and the values of the tensors, little-endian and row-major, without
// gaps. See https://huggingface.co/docs/safetensors.
//
// Files are untrusted input: Read needs no more memory than the file has bytes, up to a
// small factor, whatever the header announces.
package safetensors

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// ErrFormat reports a file that is not a safetensors file, or has other tensors than
// float32.
var ErrFormat = errors.New("not a safetensors file of float32 values")

// The limits of accepted files, which keep a hostile file from exhausting the memory.
const (
	maxHeader     = 16 << 20 // bytes
	maxDimensions = 8
)

// metadataKey is the only entry of the header that is not a tensor.
const metadataKey = "__metadata__"

// alignment is the number of which the position of the first value is a multiple.
const alignment = 8

// Tensor is a named float32 tensor.
type Tensor struct {
	Name   string
	Shape  []int64   // nil for a scalar
	Values []float32 // row-major, as many as the product of Shape
}

// File is the content of a safetensors file.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor // in the order of their values
}

// entry is a tensor's entry in the header.
type entry struct {
	Type    string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Write writes a file. The same content gives the same bytes. Names must be unique, and
// shapes must fit their values.
func Write(w io.Writer, file File) error {
	header := map[string]any{}
	if len(file.Metadata) > 0 {
		header[metadataKey] = file.Metadata
	}
	end := int64(0)
	for _, t := range file.Tensors {
		if _, twice := header[t.Name]; twice || t.Name == metadataKey {
			return fmt.Errorf("safetensors: write: the name %q is used already", t.Name)
		}
		if n, err := elements(t.Shape); err != nil || n != int64(len(t.Values)) {
			return fmt.Errorf("safetensors: write %s: %d values do not fit the shape %v", t.Name, len(t.Values), t.Shape)
		}
		begin := end
		end += 4 * int64(len(t.Values))
		header[t.Name] = entry{"F32", slices.Concat([]int64{}, t.Shape), [2]int64{begin, end}}
	}
	text, err := json.Marshal(header) // sorts the names
	if err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	for len(text)%alignment != 0 {
		text = append(text, ' ')
	}
	out := bufio.NewWriterSize(w, 1<<16)
	if err := errors.Join(binary.Write(out, binary.LittleEndian, uint64(len(text))), writeAll(out, text)); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	for _, t := range file.Tensors {
		if err := writeValues(out, t.Values); err != nil {
			return fmt.Errorf("safetensors: write %s: %w", t.Name, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("safetensors: write: %w", err)
	}
	return nil
}

// writeAll writes data.
func writeAll(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}

// writeValues writes values, little-endian.
func writeValues(w io.Writer, values []float32) error {
	var word [4]byte
	for _, v := range values {
		binary.LittleEndian.PutUint32(word[:], math.Float32bits(v))
		if _, err := w.Write(word[:]); err != nil {
			return err
		}
	}
	return nil
}

// Read reads a file of at most limit bytes. Its memory grows with the bytes that it has
// read, whatever the header announces. The error wraps [ErrFormat] if the content is at
// fault, and the error of r if that fails.
func Read(r io.Reader, limit int64) (File, error) {
	in := bufio.NewReaderSize(io.LimitReader(r, limit), 1<<16)
	var length uint64
	if err := binary.Read(in, binary.LittleEndian, &length); err != nil {
		return File{}, readError(err, "no header")
	}
	if length > maxHeader {
		return File{}, fmt.Errorf("safetensors: read: %w: a header of %d bytes", ErrFormat, length)
	}
	text, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err == nil && uint64(len(text)) < length {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return File{}, readError(err, "the header is cut off")
	}
	file, places, err := parseHeader(text)
	if err != nil {
		return File{}, fmt.Errorf("safetensors: read: %w: %w", ErrFormat, err)
	}
	for i := range file.Tensors {
		if file.Tensors[i].Values, err = readValues(in, (places[i][1]-places[i][0])/4); err != nil {
			return File{}, readError(err, "the values of "+file.Tensors[i].Name+" are cut off")
		}
	}
	switch _, err := in.ReadByte(); {
	case err == nil:
		return File{}, fmt.Errorf("safetensors: read: %w: more bytes than the header announces", ErrFormat)
	case !errors.Is(err, io.EOF):
		return File{}, fmt.Errorf("safetensors: read: %w", err)
	}
	return file, nil
}

// readError returns the error of a read that failed with err. If the file has ended, the
// content is at fault, and finding describes the fault. Otherwise the reader is.
func readError(err error, finding string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("safetensors: read: %w: %s", ErrFormat, finding)
	}
	return fmt.Errorf("safetensors: read: %w", err)
}

// parseHeader returns the tensors, without values, and their positions, in the order of
// the positions. These must follow each other from 0 without gaps and overlaps.
func parseHeader(text []byte) (File, [][2]int64, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return File{}, nil, fmt.Errorf("header: %w", err)
	}
	var file File
	if metadata, ok := raw[metadataKey]; ok {
		if err := json.Unmarshal(metadata, &file.Metadata); err != nil {
			return File{}, nil, fmt.Errorf("metadata: %w", err)
		}
		delete(raw, metadataKey)
	}
	type placed struct {
		tensor Tensor
		place  [2]int64
	}
	var all []placed
	for name, line := range raw {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return File{}, nil, fmt.Errorf("%s: %w", name, err)
		}
		if e.Type != "F32" {
			return File{}, nil, fmt.Errorf("%s has type %q", name, e.Type)
		}
		n, err := elements(e.Shape)
		if err != nil || e.Offsets[0] < 0 || e.Offsets[1]-e.Offsets[0] != 4*n {
			return File{}, nil, fmt.Errorf("%s of shape %v cannot be at %v", name, e.Shape, e.Offsets)
		}
		if len(e.Shape) == 0 {
			e.Shape = nil
		}
		all = append(all, placed{Tensor{Name: name, Shape: e.Shape}, e.Offsets})
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(slices.Compare(a.place[:], b.place[:]), cmp.Compare(a.tensor.Name, b.tensor.Name))
	})
	end := int64(0)
	var places [][2]int64
	for _, p := range all {
		if p.place[0] != end {
			return File{}, nil, fmt.Errorf("%s is at %v, after byte %d", p.tensor.Name, p.place, end)
		}
		end = p.place[1]
		file.Tensors = append(file.Tensors, p.tensor)
		places = append(places, p.place)
	}
	return file, places, nil
}

// readValues reads n values. Its memory grows with them, so that a header cannot make it
// allocate memory for values that the file does not have.
func readValues(r io.Reader, n int64) ([]float32, error) {
	values := make([]float32, 0, min(n, 1<<16))
	chunk := make([]byte, 4*min(n, 1<<14))
	for left := n; left > 0; {
		part := chunk[:4*min(left, 1<<14)]
		if _, err := io.ReadFull(r, part); err != nil {
			return nil, err
		}
		for i := 0; i < len(part); i += 4 {
			values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(part[i:])))
		}
		left -= int64(len(part) / 4)
	}
	return values, nil
}

// elements returns the number of elements of a shape, the product of its sizes.
func elements(shape []int64) (int64, error) {
	if len(shape) > maxDimensions {
		return 0, fmt.Errorf("%d dimensions", len(shape))
	}
	n := int64(1)
	for _, d := range shape {
		if d < 0 || (d > 0 && n > math.MaxInt64/8/d) {
			return 0, fmt.Errorf("shape %v", shape)
		}
		n *= d
	}
	return n, nil
}
