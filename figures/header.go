package figures

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// header is the text above a drawing: the label of its y axis, then the legend, on
// as many lines as it needs.
type header struct {
	label   string
	entries []legendEntry
}

// legendEntry is an entry of the legend.
type legendEntry struct {
	name  string
	line  draw.LineStyle  // not drawn if its width is 0
	glyph draw.GlyphStyle // not drawn if it has no shape
}

// Sizes of a header, in points.
const (
	headerLine   vg.Length = 12
	sample       vg.Length = 20 // width of a line in the legend
	samplePad    vg.Length = 3
	entryGap     vg.Length = 9
	headerBottom vg.Length = 3
)

// fontSlack is the largest factor by which a browser's fallback font is expected to
// be wider than the font with which text is measured.
const fontSlack = 1.2

// position is the place of an entry: its line from the top and its left end.
type position struct {
	line int
	x    vg.Length
}

// layOut places the entries below the label, left to right within the width of the
// drawing, and returns their positions and the number of lines including the
// label's.
func (h header) layOut(width vg.Length) ([]position, int) {
	lines := 0
	if h.label != "" {
		lines = 1
	}
	var positions []position
	at := vg.Length(0)
	for i, e := range h.entries {
		w := e.width()
		if i == 0 || at+w > width {
			at = 0
			lines++
		}
		positions = append(positions, position{lines - 1, at})
		at += w + entryGap
	}
	return positions, lines
}

// width returns the width of the entry.
func (e legendEntry) width() vg.Length {
	return sample + samplePad + fontSlack*text(Ink, draw.XLeft, draw.YCenter).Width(e.name)
}

// height returns the height of the header in a drawing of a width.
func (h header) height(width vg.Length) vg.Length {
	_, lines := h.layOut(width)
	return vg.Length(lines)*headerLine + headerBottom
}

// draw draws the header at the top of the canvas.
func (h header) draw(c draw.Canvas) {
	style := text(Ink, draw.XLeft, draw.YCenter)
	middle := func(line int) vg.Length { return c.Max.Y - (vg.Length(line)+0.5)*headerLine }
	if h.label != "" {
		c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: middle(0)}, h.label)
	}
	positions, _ := h.layOut(c.Max.X - c.Min.X)
	for i, e := range h.entries {
		x, y := c.Min.X+positions[i].x, middle(positions[i].line)
		if e.line.Width > 0 {
			c.StrokeLine2(e.line, x, y, x+sample, y)
		}
		if e.glyph.Shape != nil {
			c.DrawGlyphNoClip(e.glyph, vg.Point{X: x + sample/2, Y: y})
		}
		c.FillText(style, vg.Point{X: x + sample + samplePad, Y: y}, e.name)
	}
}
