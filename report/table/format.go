package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"backfire/internal/visible"
)

// Format is a form in which a Table is written to a file.
type Format string

// The formats. Text, Markdown and LaTeX are for people, in percent with one
// decimal as in the paper; the others hold all digits, as shares in [0, 1].
const (
	FormatText     Format = "txt"
	FormatMarkdown Format = "md"
	FormatLaTeX    Format = "tex"
	// FormatCSV has one line for each attacker of each game and seed.
	FormatCSV Format = "csv"
	// FormatCellsCSV has one line for each value of the table.
	FormatCellsCSV Format = "cells.csv"
	FormatJSON     Format = "json"
	// FormatCurvesCSV has one line for each value of a learning curve. Only a table of
	// games with learning curves has it.
	FormatCurvesCSV Format = "curves.csv"
	// FormatSpreadCSV has one line for each part of the variance of a figure. Only a table of
	// games with several trainings has it.
	FormatSpreadCSV Format = "spread.csv"
)

// ErrFormat is returned by Write for an unknown format.
var ErrFormat = errors.New("no such format")

// Formats returns the formats that every table has. Each is also the extension of its
// files.
func Formats() []Format {
	return []Format{FormatText, FormatMarkdown, FormatLaTeX, FormatCSV, FormatCellsCSV, FormatJSON}
}

// Formats returns the formats that the table has.
func (t *Table) Formats() []Format {
	formats := Formats()
	if len(t.CurveRows) > 0 {
		formats = append(formats, FormatCurvesCSV)
	}
	if len(t.Spreads) > 0 {
		formats = append(formats, FormatSpreadCSV)
	}
	return formats
}

// Write writes the table in a format. The error wraps ErrFormat, or is that of w.
func (t *Table) Write(w io.Writer, format Format) error {
	data, err := t.shown(format).render(format)
	if err != nil {
		return fmt.Errorf("table: render %s as %s: %w", t.Name, format, err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("table: write %s: %w", t.Name, err)
	}
	return nil
}

// WriteText writes the text form for a terminal of a number of characters in a line; 0: of any.
// The error is that of w.
func (t *Table) WriteText(w io.Writer, terminal int) error {
	if _, err := io.WriteString(w, t.shown(FormatText).textFor(terminal)); err != nil {
		return fmt.Errorf("table: write %s: %w", t.Name, err)
	}
	return nil
}

// shown returns the table for a format: with its texts as they can be shown in a line,
// or, for the form that has its own escapes, as it is.
func (t *Table) shown(format Format) *Table {
	if format == FormatJSON {
		return t
	}
	return visible.Strings(t)
}

// render returns the table in a format.
func (t *Table) render(format Format) ([]byte, error) {
	switch format {
	case FormatText:
		return []byte(t.text()), nil
	case FormatMarkdown:
		return []byte(t.markdown()), nil
	case FormatLaTeX:
		return []byte(t.latex()), nil
	case FormatCSV:
		return t.attackersCSV()
	case FormatCellsCSV:
		return t.valuesCSV()
	case FormatCurvesCSV:
		return t.curvesCSV()
	case FormatSpreadCSV:
		return t.spreadCSV()
	case FormatJSON:
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err := encoder.Encode(t)
		return []byte(visible.Text(out.String())), err // of the same meaning in JSON
	default:
		return nil, ErrFormat
	}
}
