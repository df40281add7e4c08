package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// readJSON decodes a file that must hold exactly one value of v's fields.
func ReadJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return parseJSON(path, data, v)
}

// parseJSON decodes the content of the file at path.
func parseJSON(path string, data []byte, v any) error {
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

// compactJSON is v without white space.
func CompactJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// resultLevels is how many levels of ResultFile are indented. Below them lie the
// rows of the cross-trigger matrix, whose rates would take a line for each number.
const resultLevels = 2

// layOut indents JSON without white space down to a number of levels. What lies
// deeper stands on one line: an attacker, a row of a matrix.
func layOut(compact []byte, levels int) []byte {
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
		case (c == '{' || c == '[') && compact[i+1] == c+2: // nothing in it: '{' + 2 is '}', '[' + 2 is ']'
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

// writeJSON writes v, indented, with a newline at the end.
func WriteJSON(path string, v any) error {
	data, err := EncodeJSON(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	return os.WriteFile(path, data, FileMode)
}

func EncodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
