package sections

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrFormat is returned by Write for an unknown format.
var ErrFormat = errors.New("no such format")

// The formats that Write knows; a format's name is the extension of its files.
const (
	TextFormat     = "txt"
	MarkdownFormat = "md"
	JSONFormat     = "json"
)

// Write writes a document in a format: its sections as text or Markdown, the document itself as
// JSON, or one of its tables. action begins errors, such as "audits: write paper". The error wraps
// ErrFormat, or is that of a table or of w.
func Write[F ~string](w io.Writer, action string, format F, all []Section, document any, tables map[F]func() ([]byte, error)) error {
	data, err := encode(format, all, document, tables)
	if err != nil {
		return fmt.Errorf("%s as %s: %w", action, format, err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// encode returns a document in a format.
func encode[F ~string](format F, all []Section, document any, tables map[F]func() ([]byte, error)) ([]byte, error) {
	if table, ok := tables[format]; ok {
		return table()
	}
	switch format {
	case TextFormat:
		return []byte(Text(all)), nil
	case MarkdownFormat:
		return []byte(Markdown(all)), nil
	case JSONFormat:
		data, err := json.MarshalIndent(document, "", "  ")
		return append(data, '\n'), err
	default:
		return nil, ErrFormat
	}
}
