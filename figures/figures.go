// Package figures draws results: line charts with error bars, strips of single
// attackers, heat maps. Every drawing carries its text alternative and the values
// behind it.
//
// What tells series apart survives print in black and white and does not rest on
// colour: a dash pattern, a marker, and an order of lightness.
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

// ErrEmpty says that there is nothing to draw.
var ErrEmpty = errors.New("nothing to draw")

// ErrFormat is wrapped where a figure is asked for in a form that there is not.
var ErrFormat = errors.New("no such format")

// Format is a form that a figure is written in, and the extension of its file.
type Format string

// The formats.
const (
	SVG Format = "svg"
	PDF Format = "pdf"
	PNG Format = "png" // with 300 dots per inch
)

// Formats returns all formats.
func Formats() []Format { return []Format{SVG, PDF, PNG} }

// Figure is a drawing with what a person who does not see it needs.
type Figure struct {
	Name  string // short and fit for a file name
	Title string
	// Caption says what is drawn and what stands for what.
	Caption string
	// Basis says what it is made from: seeds, models, readings.
	Basis string
	// Values hold what is drawn as a table.
	Values Values

	width, height vg.Length
	draw          func(c draw.Canvas) error
}

// Values are the numbers of a figure, as text.
type Values struct {
	Heads []string
	Rows  [][]string
}

// Alt is the figure in words: title, caption, basis and every value.
func (f *Figure) Alt() string {
	var text strings.Builder
	text.WriteString(strings.TrimSpace(fmt.Sprintf("%s. %s %s", f.Title, f.Caption, f.Basis)))
	for _, row := range f.Values.Rows {
		text.WriteByte(' ')
		said := false
		for i, value := range row {
			switch {
			case value == "":
				continue
			case !said:
				fmt.Fprintf(&text, "%s", value)
			case i == 1:
				fmt.Fprintf(&text, ", %s %s:", f.Values.Heads[i], value)
			default:
				fmt.Fprintf(&text, " %s %s", f.Values.Heads[i], value)
			}
			said = true
		}
		text.WriteByte('.')
	}
	return text.String()
}

// Write draws the figure in a format, with Basis below it: a file goes places
// without its page.
func (f *Figure) Write(w io.Writer, format Format) error {
	data, err := f.encode(format, newFoot(f.Basis))
	if err != nil {
		return err
	}
	if format == SVG {
		if data, err = f.describe(data); err != nil {
			return fmt.Errorf("figures: describe %s: %w", f.Name, err)
		}
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("figures: write %s: %w", f.Name, err)
	}
	return nil
}

// encode draws the figure above a foot.
func (f *Figure) encode(format Format, foot foot) ([]byte, error) {
	var canvas vg.CanvasWriterTo
	tall := f.height + foot.height()
	switch format {
	case SVG:
		canvas = vgsvg.New(f.width, tall)
	case PDF:
		canvas = vgpdf.New(f.width, tall)
	case PNG:
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, tall), vgimg.UseDPI(300), vgimg.UseBackgroundColor(Paper.colour()))}
	default:
		return nil, fmt.Errorf("figures: write %s as %q: %w", f.Name, format, ErrFormat)
	}
	size, ok := canvas.(vg.CanvasSizer)
	if !ok {
		return nil, fmt.Errorf("figures: write %s: a canvas of %s has no size", f.Name, format)
	}
	page := draw.New(size)
	if err := f.draw(draw.Crop(page, 0, 0, foot.height(), 0)); err != nil {
		return nil, fmt.Errorf("figures: draw %s: %w", f.Name, err)
	}
	foot.draw(page)
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("figures: encode %s as %s: %w", f.Name, format, err)
	}
	if format == SVG {
		return nameFonts(out.Bytes()), nil
	}
	return out.Bytes(), nil
}

// nameFonts names fonts of the same widths for viewers that lack the one that
// the text was set in.
func nameFonts(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:"+fontFamily+";"), []byte("font-family:"+fontFamily+",Arial,Helvetica,sans-serif;"))
}

// Inline returns the figure as an SVG element to stand in a page. Its colours
// are the custom properties of [CSS]; it says nothing to screen readers, which
// need Alt.
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
