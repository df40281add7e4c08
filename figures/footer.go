package figures

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of a footer, in points.
const (
	footerText vg.Length = 6
	footerLine vg.Length = 7.5
	footerGap  vg.Length = 4 // between drawing and footer
	footerEdge vg.Length = 2 // below its last line
)

// footer is the text below a drawing in a file, by lines.
type footer []string

// newFooter breaks a text into lines that fit the width of a drawing.
func newFooter(basis string, width vg.Length) footer {
	var f footer
	style := footerStyle()
	for _, word := range strings.Fields(basis) {
		if last := len(f) - 1; last >= 0 && style.Width(f[last]+" "+word) <= width {
			f[last] += " " + word
		} else {
			f = append(f, word)
		}
	}
	return f
}

// footerStyle returns the style of a footer's text.
func footerStyle() draw.TextStyle {
	style := text(Quiet, draw.XLeft, draw.YBottom)
	style.Font.Size = footerText
	return style
}

// height returns the height of the lines with the space around them, or 0 without
// lines.
func (f footer) height() vg.Length {
	if len(f) == 0 {
		return 0
	}
	return footerGap + footerLine*vg.Length(len(f)) + footerEdge
}

// draw draws the lines at the bottom of a canvas.
func (f footer) draw(c draw.Canvas) {
	for i, line := range f {
		c.FillText(footerStyle(), vg.Point{X: c.Min.X, Y: c.Min.Y + footerEdge + footerLine*vg.Length(len(f)-1-i)}, line)
	}
}

// addDescription adds title and description to an SVG file, for screen readers and
// programs that list files.
func (f *Figure) addDescription(svg []byte) ([]byte, error) {
	escaped := func(text string) (string, error) {
		var out strings.Builder
		err := xml.EscapeText(&out, []byte(strings.TrimSpace(text)))
		return out.String(), err
	}
	title, err := escaped(f.Title)
	if err != nil {
		return nil, err
	}
	description, err := escaped(f.Caption + " " + f.foot())
	if err != nil {
		return nil, err
	}
	from := bytes.Index(svg, []byte("<svg "))
	end := bytes.IndexByte(svg[from+1:], '>') + from + 2
	return fmt.Appendf(nil, "%s\n<title>%s</title>\n<desc>%s</desc>%s", svg[:end], title, description, svg[end:]), nil
}
