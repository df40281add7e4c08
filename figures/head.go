package figures

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// head stands above a drawing: what its y axis measures, then the legend, in as
// many lines as it takes.
type head struct {
	label string
	items []item
}

// item is an entry of the legend.
type item struct {
	name  string
	line  draw.LineStyle  // of width 0: none
	glyph draw.GlyphStyle // without a shape: none
}

const (
	headLine   vg.Length = 12
	sample     vg.Length = 20 // width of a line in the legend
	samplePad  vg.Length = 3
	itemGap    vg.Length = 9
	headBottom vg.Length = 3
	// slack is how much wider than here a browser's font may be that stands for
	// one it does not have.
	slack = 1.2
)

// placed is where an entry stands: its line from the top and its left end.
type placed struct {
	line int
	x    vg.Length
}

// place puts the entries below the label, left to right as far as the drawing is
// wide, and returns the number of lines in all.
func (h head) place() ([]placed, int) {
	lines := 0
	if h.label != "" {
		lines = 1
	}
	var places []placed
	at := vg.Length(0)
	for i, it := range h.items {
		long := it.width()
		if i == 0 || at+long > width {
			at = 0
			lines++
		}
		places = append(places, placed{lines - 1, at})
		at += long + itemGap
	}
	return places, lines
}

func (i item) width() vg.Length {
	return sample + samplePad + slack*text(Ink, draw.XLeft, draw.YCenter).Width(i.name)
}

// height is what the head takes.
func (h head) height() vg.Length {
	_, lines := h.place()
	return vg.Length(lines)*headLine + headBottom
}

// draw draws the head at the top of the canvas.
func (h head) draw(c draw.Canvas) {
	style := text(Ink, draw.XLeft, draw.YCenter)
	middle := func(line int) vg.Length { return c.Max.Y - (vg.Length(line)+0.5)*headLine }
	if h.label != "" {
		c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: middle(0)}, h.label)
	}
	places, _ := h.place()
	for i, it := range h.items {
		x, y := c.Min.X+places[i].x, middle(places[i].line)
		if it.line.Width > 0 {
			c.StrokeLine2(it.line, x, y, x+sample, y)
		}
		if it.glyph.Shape != nil {
			c.DrawGlyphNoClip(it.glyph, vg.Point{X: x + sample/2, Y: y})
		}
		c.FillText(style, vg.Point{X: x + sample + samplePad, Y: y}, it.name)
	}
}
