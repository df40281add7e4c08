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
	"html"
	"io"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
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
	// Basis describes the data behind it: seeds and models. Readings names the choices that the
	// paper leaves open; a page that names them elsewhere need not repeat them.
	Basis, Readings string
	// Values is the table of the values that are drawn.
	Values Values
	// Lead marks the figure that a page shows first.
	Lead bool

	layOut func(width vg.Length) sketch
}

// sketch is a drawing of a certain width.
type sketch struct {
	height vg.Length
	// draw draws it and hands what a reader may point at to note.
	draw func(c draw.Canvas, note noter) error
}

// Width is the width of a drawing in points. Texts and lines keep their sizes at every width.
type Width float64

// The widths.
const (
	Narrow Width = 272 // fits a phone
	Column Width = 252 // a column of two, of US letter paper: 3.5 inches
	Text   Width = 397 // one column over the whole text: 5.5 inches
	Page   Width = 516 // both columns: 7.16 inches
	Large  Width = 620 // for the first screen of a page on a desktop
)

// Values is the table of a figure's numbers, as text.
type Values struct {
	Heads []string   // column headings
	Rows  [][]string // one cell for each heading
}

// Alt returns the text alternative of the figure: title, caption, basis and every
// value.
func (f *Figure) Alt() string {
	var text strings.Builder
	text.WriteString(strings.TrimSpace(fmt.Sprintf("%s. %s %s", f.Title, f.Caption, f.foot())))
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

// Write writes the figure in a format and a width, with Basis and Readings below the drawing,
// because a file may be shown apart from its page. The error wraps ErrFormat for an unknown
// format.
func (f *Figure) Write(w io.Writer, format Format, width Width) error {
	data, err := f.encode(format, vg.Length(width), newFooter(f.foot(), vg.Length(width)), noNote)
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
func (f *Figure) encode(format Format, width vg.Length, below footer, note noter) ([]byte, error) {
	s := f.layOut(width)
	total := s.height + below.height()
	paint := func(page draw.Canvas) error {
		if err := s.draw(draw.Crop(page, 0, 0, below.height(), 0), note); err != nil {
			return fmt.Errorf("figures: draw %s: %w", f.Name, err)
		}
		below.draw(page)
		return nil
	}
	var canvas vg.CanvasWriterTo
	switch format {
	case SVG:
		canvas = vgsvg.New(width, total)
	case PDF:
		var err error
		if canvas, err = newPDF(width, total, paint); err != nil {
			return nil, fmt.Errorf("figures: write %s: %w", f.Name, err)
		}
	case PNG:
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, total), vgimg.UseDPI(300), vgimg.UseBackgroundColor(Paper.colour()))}
	default:
		return nil, fmt.Errorf("figures: write %s as %q: %w", f.Name, format, ErrFormat)
	}
	if err := paint(draw.NewCanvas(canvas, width, total)); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("figures: encode %s as %s: %w", f.Name, format, err)
	}
	if format == SVG {
		return addFallbackFonts(out.Bytes()), nil
	}
	return out.Bytes(), nil
}

// foot returns the text below a file's drawing: what is behind it.
func (f *Figure) foot() string { return strings.TrimSpace(f.Basis + " " + f.Readings) }

// addFallbackFonts adds fonts of the same widths, for viewers that lack the font
// with which the text was measured.
func addFallbackFonts(svg []byte) []byte {
	return bytes.ReplaceAll(svg, []byte("font-family:"+fontFamily+";"), []byte("font-family:"+fontFamily+",Arial,Helvetica,sans-serif;"))
}

// textStyle is the beginning of the style of a text of the usual size, up to its colour. CSS sets it
// in a page.
const textStyle = `style="font-family:` + fontFamily + `,Arial,Helvetica,sans-serif;font-variant:normal;font-weight:normal;font-style:normal;font-size:8px;fill:`

// namespaces removes what an SVG element in a page does not need.
var namespaces = strings.NewReplacer(
	"\n\txmlns=\"http://www.w3.org/2000/svg\"", "", "\n\txmlns:xlink=\"http://www.w3.org/1999/xlink\"", "", "\n\tfill=", " fill=",
)

// Inline returns the figure as an SVG element for a page, which may have a class. Its colours are
// the custom properties of [CSS]. Its name for screen readers is title and caption; the page shows
// the values as a table. The attribute data-marks lists what a reader may point at: JSON of
// [x, y, text] in the units of the drawing.
func (f *Figure) Inline(width Width, class string) (string, error) {
	var marks []mark
	data, err := f.encode(SVG, vg.Length(width), nil, func(at vg.Point, text string) { marks = append(marks, mark{at, text}) })
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
	const box = "viewBox="
	_, element, ok = strings.Cut(element, box) // without its size, which a page sets
	if !ok {
		return "", fmt.Errorf("figures: inline %s: no %s", f.Name, box)
	}
	element = namespaces.Replace(strings.ReplaceAll(box+element, textStyle, `fill="`))
	attributes := fmt.Sprintf(`role="img" aria-label="%s" style="max-width:%.0fpx"`,
		html.EscapeString(strings.TrimSpace(f.Title+". "+f.Caption)), 1.5*float64(width))
	attributes += ` class="` + html.EscapeString(strings.TrimSpace("figure "+class)) + `"`
	if len(marks) > 0 {
		points, err := marksJSON(marks, f.layOut(vg.Length(width)).height)
		if err != nil {
			return "", fmt.Errorf("figures: inline %s: %w", f.Name, err)
		}
		attributes += ` data-marks="` + html.EscapeString(points) + `"`
	}
	return "<svg " + attributes + " " + strings.TrimSpace(element), nil
}
