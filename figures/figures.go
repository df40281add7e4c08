// Package figures draws results: line charts with error bars, strips of single
// attackers, and heat maps. Every figure has a text alternative and a table of the
// values that it shows.
//
// Series differ not only in colour but also in dash pattern, marker and lightness,
// so that they can be distinguished in print in black and white.
package figures

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// ErrEmpty is wrapped if a figure has nothing to draw.
var ErrEmpty = errors.New("nothing to draw")

// ErrFormat is wrapped for an unknown format.
var ErrFormat = errors.New("no such format")

// Format is a file format of figures; its value is the extension of the file.
type Format string

// The formats.
const (
	SVG Format = "svg"
	PDF Format = "pdf"
	PNG Format = "png" // at 300 dots per inch
)

// Formats returns all formats.
func Formats() []Format { return []Format{SVG, PDF, PNG} }

// Figure is a drawing with its description in words and its values as a table.
type Figure struct {
	Name  string // short, and valid as a file name
	Title string
	// Caption describes the figure and its signs.
	Caption string
	// Basis describes the data behind it: seeds, models, readings.
	Basis string
	// Values is the table of the values that are drawn.
	Values Values

	width, height vg.Length
	draw          func(c draw.Canvas) error
}

// Values is the table of a figure's numbers, as text.
type Values struct {
	Heads []string   // column headings
	Rows  [][]string // one cell for each heading
}

// Alt returns the text alternative of the figure: title, caption, basis and every
// value.
func (f *Figure) Alt() string {
	var text strings.Builder
	text.WriteString(strings.TrimSpace(fmt.Sprintf("%s. %s %s", f.Title, f.Caption, f.Basis)))
	for _, row := range f.Values.Rows {
		text.WriteByte(' ')
		begun := false
		for i, value := range row {
			switch {
			case value == "":
				continue
			case !begun:
				fmt.Fprintf(&text, "%s", value)
			case i == 1:
				fmt.Fprintf(&text, ", %s %s:", f.Values.Heads[i], value)
			default:
				fmt.Fprintf(&text, " %s %s", f.Values.Heads[i], value)
			}
			begun = true
		}
		text.WriteByte('.')
	}
	return text.String()
}

// Write writes the figure in a format, with Basis below the drawing, because a file
// may be shown apart from its page. The error wraps ErrFormat for an unknown
// format.
func (f *Figure) Write(w io.Writer, format Format) error {
	data, err := f.encode(format, newFooter(f.Basis))
	if err != nil {
		return err
	}
	if format == SVG {
		if data, err = f.addDescription(data); err != nil {
			return fmt.Errorf("figures: describe %s: %w", f.Name, err)
		}
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("figures: write %s: %w", f.Name, err)
	}
	return nil
}

// encode returns the file of the figure, with a footer below the drawing.
func (f *Figure) encode(format Format, below footer) ([]byte, error) {
	var canvas vg.CanvasWriterTo
	total := f.height + below.height()
	switch format {
	case SVG:
		canvas = vgsvg.New(f.width, total)
	case PDF:
		canvas = vgpdf.New(f.width, total)
	case PNG:
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, total), vgimg.UseDPI(300), vgimg.UseBackgroundColor(Paper.colour()))}
	default:
		return nil, fmt.Errorf("figures: write %s as %q: %w", f.Name, format, ErrFormat)
	}
	size, ok := canvas.(vg.CanvasSizer)
	if !ok {
		return nil, fmt.Errorf("figures: write %s: a canvas of %s has no size", f.Name, format)
	}
	page := draw.New(size)
	if err := f.draw(draw.Crop(page, 0, 0, below.height(), 0)); err != nil {
		return nil, fmt.Errorf("figures: draw %s: %w", f.Name, err)
	}
	below.draw(page)
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("figures: encode %s as %s: %w", f.Name, format, err)
	}
	if format == SVG {
		return addFallbackFonts(out.Bytes()), nil
	}
	return out.Bytes(), nil
}

// addFallbackFonts adds fonts of the same widths, for viewers that lack the font
// with which the text was measured.
func addFallbackFonts(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:"+fontFamily+";"), []byte("font-family:"+fontFamily+",Arial,Helvetica,sans-serif;"))
}

// Inline returns the figure as an SVG element for a page. Its colours are the
// custom properties of [CSS]. It is hidden from screen readers, for which the page
// must show Alt.
func (f *Figure) Inline() (string, error) {
	data, err := f.encode(SVG, nil)
	if err != nil {
		return "", err
	}
	_, element, ok := strings.Cut(string(data), "<svg ")
	if !ok {
		return "", fmt.Errorf("figures: inline %s: no SVG element", f.Name)
	}
	for _, c := range colours() {
		element = strings.ReplaceAll(element, c.Light, "var("+c.Property+")")
	}
	return fmt.Sprintf(`<svg role="img" aria-hidden="true" style="max-width:%.0fpx" `, 1.5*f.width.Points()) + strings.TrimSpace(element), nil
}
