// Package jsonfile reads and writes files that hold one JSON value. A file with fields that a value does not
// have, or with something behind the value, is refused, so that a typing error in a file is not silently
// ignored. Texts are written as they are, without escaping <, > and &.
//
// Its errors name the file; the caller names the action.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"backfire/internal/disk"
)

// Read decodes the file at a path that the user named into v, which is a pointer. It reads at most
// disk.MaxRecord bytes.
func Read(path string, v any) error {
	data, err := disk.ReadFile(path, disk.MaxRecord)
	if err != nil {
		return err
	}
	return Parse(path, data, v)
}

// ReadIn decodes a file of a directory into v, as Read does. It follows no link.
func ReadIn(dir disk.Dir, name string, v any) error {
	data, err := dir.ReadFile(name, disk.MaxRecord)
	if err != nil {
		return err
	}
	return Parse(dir.Path(name), data, v)
}

// Parse decodes the content of the file at path into v, which is a pointer. It reads no file.
func Parse(path string, data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("parse %s: %w", path, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("parse %s: something follows the value", path)
	}
	return nil
}

// Write writes v to the file at path as Encode returns it.
func Write(path string, v any) error {
	dir, name := disk.Split(path)
	return WriteIn(dir, name, v)
}

// WriteIn writes v to a file of a directory as Encode returns it.
func WriteIn(dir disk.Dir, name string, v any) error {
	data, err := Encode(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", dir.Path(name), err)
	}
	return dir.WriteFile(name, data)
}

// Encode returns v as JSON, indented by two spaces, with a newline at the end.
func Encode(v any) ([]byte, error) { return encode(v, "  ") }

// Compact returns v as JSON without white space.
func Compact(v any) ([]byte, error) {
	data, err := encode(v, "")
	return bytes.TrimSuffix(data, []byte("\n")), err
}

func encode(v any, indent string) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// LayOut indents JSON without white space by two spaces down to a number of levels, and ends it with a
// newline. What lies deeper stands on one line: an attacker, a row of a matrix.
func LayOut(compact []byte, levels int) []byte {
	out := make([]byte, 0, len(compact)+len(compact)/8)
	depth, inText := 0, false
	newLine := func() {
		if depth <= levels {
			out = append(append(out, '\n'), bytes.Repeat([]byte("  "), depth)...)
		}
	}
	for i := 0; i < len(compact); i++ {
		c := compact[i]
		switch {
		case inText:
			if c == '\\' {
				out = append(out, c)
				i++
			}
			inText = c != '"'
			out = append(out, compact[i])
		case c == '"':
			inText = true
			out = append(out, c)
		case (c == '{' || c == '[') && compact[i+1] == c+2: // empty: '{' + 2 is '}', '[' + 2 is ']'
			out = append(out, c, c+2)
			i++
		case c == '{' || c == '[':
			depth++
			out = append(out, c)
			newLine()
		case c == '}' || c == ']':
			if depth--; depth < levels {
				newLine()
			}
			out = append(out, c)
		case c == ',':
			out = append(out, c)
			newLine()
		case c == ':' && depth <= levels:
			out = append(out, c, ' ')
		default:
			out = append(out, c)
		}
	}
	return append(out, '\n')
}
