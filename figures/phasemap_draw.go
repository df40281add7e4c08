package figures

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// draw draws the map below a height of the canvas, and notes its cells.
func (m PhaseMap) draw(c draw.Canvas, l mapLayout, top vg.Length, note noter) {
	top -= headerLine
	c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: top + headerLine/2}, "attackers N ↑")
	bottom := top - l.height()
	place := func(log float64, y vg.Length) vg.Point { return vg.Point{X: c.Min.X + l.x(log), Y: bottom + y} }
	for _, n := range l.ns {
		low, high := l.row(n)
		c.FillText(text(Ink, draw.XRight, draw.YCenter), vg.Point{X: c.Min.X + l.left - 4, Y: bottom + (low+high)/2}, strconv.Itoa(n))
	}
	for _, cell := range m.Cells {
		m.drawCell(c, l, cell, place)
	}
	m.drawContour(c, l, place)
	for _, cell := range m.Cells {
		m.drawNumber(c, l, cell, place)
		from, to := m.corners(l, cell, place)
		note(vg.Point{X: (from.X + to.X) / 2, Y: (from.Y + to.Y) / 2}, m.cellText(cell))
	}
	m.drawPoints(c, l, place)
	m.drawAxis(c, l, bottom)
	m.drawKey(c, bottom-2*headerLine)
}

// cellText returns a cell in words.
func (m PhaseMap) cellText(cell MapCell) string {
	text := fmt.Sprintf("N = %d, k = %d: %s", cell.N, cell.K, m.number(cell.Value))
	if !math.IsNaN(cell.Value) {
		text += map[bool]string{true: " points", false: " %"}[m.Signed]
	}
	if cell.Undecided {
		text += ", undecided"
	}
	return text
}

// shade returns the colour of a value, and that of a text on it.
func (m PhaseMap) shade(v float64) (of, on Colour) {
	at := level(math.Abs(v))
	if v < 0 {
		return loss[at], textColour(at)
	}
	return heat[at], textColour(at)
}

// corners returns the lower left and the upper right corner of a cell.
func (m PhaseMap) corners(l mapLayout, cell MapCell, place func(float64, vg.Length) vg.Point) (from, to vg.Point) {
	low, high := l.row(cell.N)
	return place(l.edge(cell.K, -1), low), place(l.edge(cell.K, +1), high)
}

// drawCell draws the area of a cell.
func (m PhaseMap) drawCell(c draw.Canvas, l mapLayout, cell MapCell, place func(float64, vg.Length) vg.Point) {
	from, to := m.corners(l, cell, place)
	outline := []vg.Point{from, {X: to.X, Y: from.Y}, to, {X: from.X, Y: to.Y}}
	if !math.IsNaN(cell.Value) {
		of, _ := m.shade(cell.Value)
		c.FillPolygon(of.colour(), outline)
	}
	c.StrokeLines(line(Paper, thin), append(outline, from))
	if cell.Undecided {
		_, on := m.shade(cell.Value)
		hatch(c, line(on, thin), from, to)
	}
}

// hatch draws ascending lines in a rectangle.
func hatch(c draw.Canvas, style draw.LineStyle, from, to vg.Point) {
	w, h := to.X-from.X, to.Y-from.Y
	for d := hatchGap / 2; d < w+h; d += hatchGap { // x - y of the line is d - h
		x0, y0 := from.X+max(0, d-h), from.Y+max(0, h-d)
		length := min(to.X-x0, to.Y-y0)
		c.StrokeLine2(style, x0, y0, x0+length, y0+length)
	}
}

// hatched is the glyph of a hatched cell.
type hatched struct{}

// DrawGlyph draws a small hatched square.
func (hatched) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	r := sty.Radius
	style := draw.LineStyle{Color: sty.Color, Width: thin}
	from, to := vg.Point{X: at.X - 2*r, Y: at.Y - r}, vg.Point{X: at.X + 2*r, Y: at.Y + r}
	c.StrokeLines(style, []vg.Point{from, {X: to.X, Y: from.Y}, to, {X: from.X, Y: to.Y}, from})
	hatch(*c, style, from, to)
}

// drawNumber writes the value of a cell, on a patch of its colour that keeps it apart
// from hatching and contour.
func (m PhaseMap) drawNumber(c draw.Canvas, l mapLayout, cell MapCell, place func(float64, vg.Length) vg.Point) {
	if math.IsNaN(cell.Value) {
		return
	}
	from, to := m.corners(l, cell, place)
	of, on := m.shade(cell.Value)
	style, number := text(on, draw.XCenter, draw.YCenter), m.number(cell.Value)
	if to.X-from.X < style.Width(number) {
		return // the table has it
	}
	at := vg.Point{X: (from.X + to.X) / 2, Y: to.Y - mapRow/2}
	w, h := style.Width(number)/2+1, textSize/2
	c.FillPolygon(of.colour(), []vg.Point{{X: at.X - w, Y: at.Y - h}, {X: at.X + w, Y: at.Y - h}, {X: at.X + w, Y: at.Y + h}, {X: at.X - w, Y: at.Y + h}})
	c.FillText(style, at, number)
}

// drawContour draws the contour and the limits of its band as steps: a vertical line in
// each row, joined between adjacent rows.
func (m PhaseMap) drawContour(c draw.Canvas, l mapLayout, place func(float64, vg.Length) vg.Point) {
	clamped := func(of func(MapContour) float64) func(MapContour) float64 {
		return func(contour MapContour) float64 {
			low, high := m.played(contour.N)
			first, last := slices.Index(l.ks, int(low)), slices.Index(l.ks, int(high))
			if first < 0 || last < 0 || math.IsNaN(contour.K) || math.IsNaN(of(contour)) {
				return math.NaN()
			}
			return min(l.edge(l.ks[last], +1), max(l.edge(l.ks[first], -1), math.Log2(of(contour))))
		}
	}
	limit := func(of func(Bar) float64) func(MapContour) float64 {
		return clamped(func(contour MapContour) float64 {
			if !contour.Band.drawn() {
				return math.NaN()
			}
			return of(contour.Band)
		})
	}
	steps := func(style draw.LineStyle, at func(MapContour) float64) {
		for _, run := range m.runs(l, at) {
			var points []vg.Point
			for _, contour := range run {
				low, high := l.row(contour.N)
				points = append(points, place(at(contour), low), place(at(contour), high))
			}
			c.StrokeLines(line(Paper, style.Width+halo-thick), points)
			c.StrokeLines(style, points)
		}
	}
	steps(bandLine(), limit(func(b Bar) float64 { return b.Low }))
	steps(bandLine(), limit(func(b Bar) float64 { return b.High }))
	steps(line(Ink, 1.5*thick), clamped(func(contour MapContour) float64 { return contour.K }))
}

// runs returns the contour in runs of adjacent rows at which a place is defined.
func (m PhaseMap) runs(l mapLayout, at func(MapContour) float64) [][]MapContour {
	var runs [][]MapContour
	open := false
	for _, n := range l.ns {
		i := slices.IndexFunc(m.Contour, func(c MapContour) bool { return c.N == n })
		if i < 0 || math.IsNaN(at(m.Contour[i])) {
			open = false
			continue
		}
		if !open {
			runs = append(runs, nil)
		}
		open = true
		runs[len(runs)-1] = append(runs[len(runs)-1], m.Contour[i])
	}
	return runs
}

// drawPoints draws the published figures of each row below the numbers of its cells.
func (m PhaseMap) drawPoints(c draw.Canvas, l mapLayout, place func(float64, vg.Length) vg.Point) {
	sources := m.sources()
	small := text(Ink, draw.XLeft, draw.YCenter)
	small.Font.Size = footerText + 1
	for _, n := range l.ns {
		_, high := l.row(n)
		stacked := map[float64]int{}
		for _, p := range m.at(n) {
			at := place(math.Log2(p.K), high-mapRow-pointLine*(vg.Length(stacked[p.K])+0.5)+1)
			stacked[p.K]++
			number := m.number(p.Value)
			w := small.Width(number)
			c.FillPolygon(Paper.colour(), []vg.Point{
				{X: at.X - 9, Y: at.Y - pointLine/2},
				{X: at.X + w, Y: at.Y - pointLine/2},
				{X: at.X + w, Y: at.Y + pointLine/2},
				{X: at.X - 9, Y: at.Y + pointLine/2},
			})
			c.DrawGlyphNoClip(sourceMark(slices.Index(sources, p.Source)), vg.Point{X: at.X - 5, Y: at.Y})
			c.FillText(small, vg.Point{X: at.X - 1, Y: at.Y}, number)
		}
	}
}

// drawAxis draws the axis of k below the rows.
func (m PhaseMap) drawAxis(c draw.Canvas, l mapLayout, bottom vg.Length) {
	c.StrokeLine2(line(Quiet, thin), c.Min.X+l.left, bottom, c.Max.X-edge, bottom)
	ticks := make([]float64, 0, len(l.ks))
	for _, k := range l.ks {
		ticks = append(ticks, float64(k))
	}
	for _, p := range m.Points {
		if p.K < ticks[0] || p.K > float64(l.ks[len(l.ks)-1]) {
			ticks = append(ticks, p.K)
		}
	}
	slices.Sort(ticks)
	style := text(Quiet, draw.XCenter, draw.YTop)
	end := vg.Length(math.Inf(-1))
	for _, k := range ticks {
		x, label := c.Min.X+l.x(math.Log2(k)), strconv.FormatFloat(k, 'f', -1, 64)
		c.StrokeLine2(line(Quiet, thin), x, bottom, x, bottom-3)
		if w := style.Width(label) / 2; x-w > end+2 {
			c.FillText(style, vg.Point{X: x, Y: bottom - 4}, label)
			end = x + w
		}
	}
	c.FillText(text(Quiet, draw.XCenter, draw.YTop), vg.Point{X: c.Min.X + (l.left+l.width)/2, Y: bottom - 4 - textSize - 2}, "poisoned images per attacker k")
}

// drawKey draws the key to the colours below a height.
func (m PhaseMap) drawKey(c draw.Canvas, top vg.Length) {
	colours, from, to := heat, "0", "100 %"
	if m.Signed {
		colours, from, to = nil, "−100", "+100 points"
		for i := len(loss) - 1; i > 0; i-- {
			colours = append(colours, loss[i])
		}
		colours = append(colours, heat...)
	}
	y, x := top-headerLine, c.Min.X+22
	w := min(keyCell, 9*keyCell/vg.Length(len(colours)))
	c.FillText(text(Quiet, draw.XRight, draw.YCenter), vg.Point{X: x - 3, Y: y - headerLine/3}, from)
	for _, colour := range colours {
		c.FillPolygon(colour.colour(), []vg.Point{{X: x, Y: y}, {X: x + w, Y: y}, {X: x + w, Y: y - headerLine*2/3}, {X: x, Y: y - headerLine*2/3}})
		x += w
	}
	c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: x + 3, Y: y - headerLine/3}, to)
}
