package figures

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Of the foot, in points.
const (
	footText vg.Length = 6
	footLine vg.Length = 7.5
	footGap  vg.Length = 4 // between drawing and foot
	footEdge vg.Length = 2 // below its last line
)

// foot stands below a drawing that leaves its page: what it is made from, in as
// many lines as that takes.
type foot []string

// newFoot breaks a text into the lines of a foot.
func newFoot(basis string) foot {
	var f foot
	style := footStyle()
	for _, word := range strings.Fields(basis) {
		if last := len(f) - 1; last >= 0 && style.Width(f[last]+" "+word) <= width {
			f[last] += " " + word
		} else {
			f = append(f, word)
		}
	}
	return f
}

func footStyle() draw.TextStyle {
	style := text(Quiet, draw.XLeft, draw.YBottom)
	style.Font.Size = footText
	return style
}

// height is that of all lines, with what is left free around them; 0 without any.
func (f foot) height() vg.Length {
	if len(f) == 0 {
		return 0
	}
	return footGap + footLine*vg.Length(len(f)) + footEdge
}

// draw writes the lines to the bottom of a canvas.
func (f foot) draw(c draw.Canvas) {
	for i, line := range f {
		c.FillText(footStyle(), vg.Point{X: c.Min.X, Y: c.Min.Y + footEdge + footLine*vg.Length(len(f)-1-i)}, line)
	}
}

// describe names an SVG file for programs that read it aloud or list it: its title,
// and what it shows and is made from.
func (f *Figure) describe(svg []byte) ([]byte, error) {
	escaped := func(text string) (string, error) {
		var out strings.Builder
		err := xml.EscapeText(&out, []byte(strings.TrimSpace(text)))
		return out.String(), err
	}
	title, err := escaped(f.Title)
	if err != nil {
		return nil, err
	}
	description, err := escaped(f.Caption + " " + f.Basis)
	if err != nil {
		return nil, err
	}
	from := bytes.Index(svg, []byte("<svg "))
	end := bytes.IndexByte(svg[from+1:], '>') + from + 2
	return fmt.Appendf(nil, "%s\n<title>%s</title>\n<desc>%s</desc>%s", svg[:end], title, description, svg[end:]), nil
}
