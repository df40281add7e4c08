// Package safetensors writes and reads float32 tensors in the safetensors format,
// which other tools open without running any code of the file.
//
// A file is the length of a header (8 bytes, little-endian), the header (JSON:
// for each tensor its type, shape and place, and a table of strings under
// "__metadata__"), and the tensors' values, little-endian, row-major, without
// gaps. See https://huggingface.co/docs/safetensors.
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

// ErrFormat marks a file that is no safetensors file, or not one of float32.
var ErrFormat = errors.New("not a safetensors file of float32 values")

// Limits of what is read, against files made to exhaust memory.
const (
	maxHeader     = 16 << 20 // bytes
	maxDimensions = 8
)

// metadataKey is the header's entry that is no tensor.
const metadataKey = "__metadata__"

// alignment of the values' first byte within the file.
const alignment = 8

// Tensor is a named float32 tensor.
type Tensor struct {
	Name   string
	Shape  []int64   // nil for a scalar
	Values []float32 // row-major, as many as the shape's product
}

// File is the content of a safetensors file.
type File struct {
	Metadata map[string]string
	Tensors  []Tensor // in the order of their values
}

// entry is a tensor's line in the header.
type entry struct {
	Type    string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// Write writes the file. The same content gives the same bytes. Names must be
// unique and shapes fit their values.
func Write(w io.Writer, file File) error {
	header := map[string]any{}
	if len(file.Metadata) > 0 {
		header[metadataKey] = file.Metadata
	}
	end := int64(0)
	for _, t := range file.Tensors {
		if _, twice := header[t.Name]; twice || t.Name == metadataKey {
			return fmt.Errorf("safetensors: write: the name %q is taken", t.Name)
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

func writeAll(w io.Writer, data []byte) error {
	_, err := w.Write(data)
	return err
}

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

// Read reads a file of at most limit bytes. Its memory grows with what it has read,
// whatever the header tells of. The error wraps ErrFormat where the content is at
// fault, and the reader's own where that fails.
func Read(r io.Reader, limit int64) (File, error) {
	in := bufio.NewReaderSize(io.LimitReader(r, limit), 1<<16)
	var length uint64
	if err := binary.Read(in, binary.LittleEndian, &length); err != nil {
		return File{}, ended(err, "no header")
	}
	if length > maxHeader {
		return File{}, fmt.Errorf("safetensors: read: %w: a header of %d bytes", ErrFormat, length)
	}
	text, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err == nil && uint64(len(text)) < length {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return File{}, ended(err, "the header is cut off")
	}
	file, places, err := parseHeader(text)
	if err != nil {
		return File{}, fmt.Errorf("safetensors: read: %w: %w", ErrFormat, err)
	}
	for i := range file.Tensors {
		if file.Tensors[i].Values, err = readValues(in, (places[i][1]-places[i][0])/4); err != nil {
			return File{}, ended(err, "the values of "+file.Tensors[i].Name+" are cut off")
		}
	}
	switch _, err := in.ReadByte(); {
	case err == nil:
		return File{}, fmt.Errorf("safetensors: read: %w: more bytes than the header tells of", ErrFormat)
	case !errors.Is(err, io.EOF):
		return File{}, fmt.Errorf("safetensors: read: %w", err)
	}
	return file, nil
}

// ended is the error of a read that err ended early: the file's fault where it
// ends, otherwise the reader's own.
func ended(err error, finding string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("safetensors: read: %w: %s", ErrFormat, finding)
	}
	return fmt.Errorf("safetensors: read: %w", err)
}

// parseHeader lists the tensors, without values, in the order of their places,
// which must follow each other without gap or overlap from 0.
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
			return File{}, nil, fmt.Errorf("%s of shape %v cannot lie at %v", name, e.Shape, e.Offsets)
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
			return File{}, nil, fmt.Errorf("%s lies at %v, behind byte %d", p.tensor.Name, p.place, end)
		}
		end = p.place[1]
		file.Tensors = append(file.Tensors, p.tensor)
		places = append(places, p.place)
	}
	return file, places, nil
}

// readValues reads n values, growing as they come, so that a header cannot make
// it take memory for values that the file lacks.
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

// elements is the product of a shape's sizes.
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
