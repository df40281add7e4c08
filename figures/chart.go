package figures

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Point is a point of a line.
type Point struct {
	X, Y       float64
	XBar, YBar Bar     // with caps
	Spread     float64 // half width of a thin bar along Y; NaN draws none
	// Images is the number of images that a share is of, for the decimals of its text;
	// 0: not known.
	Images int
}

// Bar is a bar around a value from Low to High. The zero Bar is not drawn.
type Bar struct{ Low, High float64 }

// drawn reports whether the bar is drawn.
func (b Bar) drawn() bool { return b.Low < b.High }

// text formats the bar's limits on an axis, for a value of a number of images; empty
// without a bar.
func (b Bar) text(a Axis, images int) string {
	if !b.drawn() {
		return ""
	}
	between := "–"
	if b.Low < 0 {
		between = " to "
	}
	return a.numberOf(b.Low, images) + between + a.numberOf(b.High, images)
}

// At returns a point without bars.
func At(x, y float64) Point { return Point{X: x, Y: y, Spread: math.NaN()} }

// Line is a series of a chart.
type Line struct {
	Name   string
	Points []Point
	// Bare draws the line without markers, Loose draws markers without a line.
	Bare, Loose bool
	// Quiet marks a series for comparison: its line has the grey of the axes, its
	// points are open diamonds, which stand for the paper in a Strip too.
	Quiet bool
}

// Chart draws lines or points over two axes.
type Chart struct {
	Name, Title, Caption string
	X, Y                 Axis
	Lines                []Line
}

// logRatio is the least ratio of the largest to the smallest x at which a Listed
// axis is logarithmic.
const logRatio = 15

// Figure returns the figure of the chart. The error wraps ErrEmpty if no line has a
// point.
func (ch Chart) Figure() (*Figure, error) {
	var xs []float64
	for _, l := range ch.Lines {
		for _, p := range l.Points {
			xs = append(xs, p.X)
		}
	}
	if len(xs) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", ch.Name, ErrEmpty)
	}
	slices.Sort(xs)
	xs = slices.Compact(xs)
	return &Figure{
		Name: ch.Name, Title: ch.Title, Caption: ch.Caption, Values: ch.values(),
		layOut: func(width vg.Length) sketch {
			return sketch{height + ch.header().height(width), func(c draw.Canvas, note noter) error {
				ch.draw(c, xs, note)
				return nil
			}}
		},
	}, nil
}

// header returns the header of the chart.
func (ch Chart) header() header {
	h := header{label: ch.Y.unit()}
	for i, l := range ch.Lines {
		h.entries = append(h.entries, ch.legendEntry(i, l))
	}
	if len(ch.Lines) == 1 && ch.Lines[0].Name == "" {
		h.entries = nil
	}
	return h
}

// legendEntry returns the entry of line i in the legend.
func (ch Chart) legendEntry(i int, l Line) legendEntry {
	e := legendEntry{name: l.Name, line: ch.stroke(i), glyph: ch.glyph(i)}
	if l.Bare {
		e.glyph.Shape = nil
	}
	if l.Loose {
		e.line.Width = 0
	}
	return e
}

// stroke returns the style of line i.
func (ch Chart) stroke(i int) draw.LineStyle {
	s := stroke(i)
	if ch.Lines[i].Quiet {
		s.Color, s.Width = Quiet.colour(), 2*thin
	}
	return s
}

// glyph returns the marker of line i.
func (ch Chart) glyph(i int) draw.GlyphStyle {
	if ch.Lines[i].Quiet {
		return paperMark()
	}
	return glyph(i)
}

// values returns the table of the points of all lines.
func (ch Chart) values() Values {
	v := Values{Heads: []string{"series", ch.X.unit(), ch.Y.unit()}}
	var columns []func(Point) string
	for _, optional := range []struct {
		head string
		text func(Point) string // empty: none
	}{
		{"95 % CI", func(p Point) string { return p.YBar.text(ch.Y, p.Images) }},
		{"95 % CI of " + ch.X.Label, func(p Point) string { return p.XBar.text(ch.X, p.Images) }},
		{"std over attackers", func(p Point) string { return orEmpty(ch.Y, p.Spread, p.Images) }},
	} {
		if slices.ContainsFunc(ch.Lines, func(l Line) bool {
			return slices.ContainsFunc(l.Points, func(p Point) bool { return optional.text(p) != "" })
		}) {
			v.Heads = append(v.Heads, optional.head)
			columns = append(columns, optional.text)
		}
	}
	for _, l := range ch.Lines {
		for _, p := range l.Points {
			row := []string{l.Name, ch.X.value(p.X, p.Images), ch.Y.numberOf(p.Y, p.Images)}
			for _, column := range columns {
				row = append(row, column(p))
			}
			v.Rows = append(v.Rows, row)
		}
	}
	return v
}

// orEmpty formats a number of a value of some images, or returns the empty text for NaN.
func orEmpty(a Axis, v float64, images int) string {
	if math.IsNaN(v) {
		return ""
	}
	return a.numberOf(v, images)
}

// draw draws the chart, whose points have the x values xs in ascending order.
func (ch Chart) draw(c draw.Canvas, xs []float64, note noter) {
	h := ch.header()
	h.draw(c)
	p := newPlot()
	p.X.Label.Text = ch.X.unit()
	p.X.Min, p.X.Max = ch.extent(func(pt Point) (float64, Bar) { return pt.X, pt.XBar })
	p.Y.Min, p.Y.Max = ch.extent(func(pt Point) (float64, Bar) { return pt.Y, pt.YBar })
	p.Y.Min = math.Min(0, p.Y.Min)
	p.X.Tick.Marker, p.Y.Tick.Marker = ch.X.ticks(xs), ch.Y.ticks(nil)
	if ch.X.Listed && p.X.Min > 0 && p.X.Max/p.X.Min >= logRatio {
		p.X.Scale = plot.LogScale{}
	}
	if p.X.Min == p.X.Max {
		p.X.Min, p.X.Max = p.X.Min-1, p.X.Max+1
		p.X.Scale = plot.LinearScale{}
	}
	if p.Y.Min == p.Y.Max {
		p.Y.Max = p.Y.Min + 1
	}
	p.X.Min, p.X.Max = ch.X.enclose(p.X.Min, p.X.Max)
	p.Y.Min, p.Y.Max = ch.Y.enclose(p.Y.Min, p.Y.Max)
	p.Add(grid{})
	for i := range ch.Lines {
		p.Add(plottedLine{ch, i, note})
	}
	p.Draw(draw.Crop(c, 0, -6, 1, -h.height(c.Max.X-c.Min.X)))
}

// extent returns the range of the points on an axis, with their bars.
func (ch Chart) extent(coordinate func(Point) (value float64, bar Bar)) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range ch.Lines {
		for _, p := range l.Points {
			value, bar := coordinate(p)
			low, high = min(low, value), max(high, value)
			if bar.drawn() {
				low, high = min(low, bar.Low), max(high, bar.High)
			}
		}
	}
	return low, high
}

// newPlot returns axes in the style of this package.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.LineStyle, a.Tick.LineStyle, a.Tick.Length = line(Quiet, thin), line(Quiet, thin), 3
		a.Label.TextStyle, a.Label.Padding = text(Quiet, draw.XCenter, draw.YBottom), 2
		a.Padding = 5
	}
	p.Y.LineStyle, p.Y.Tick.LineStyle, p.Y.Tick.Length = draw.LineStyle{}, draw.LineStyle{}, 0 // the grid lines suffice
	p.X.Tick.Label = text(Quiet, draw.XCenter, draw.YTop)
	p.Y.Tick.Label = text(Quiet, draw.XRight, draw.YCenter)
	return p
}

// grid draws a light line at every tick of the y axis.
type grid struct{}

// Plot draws the grid.
func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(line(Grid, thin), c.Min.X, y(tick.Value), c.Max.X, y(tick.Value))
	}
}

// plottedLine draws one line of a chart.
type plottedLine struct {
	chart Chart
	i     int
	note  noter
}

// Plot draws error bars, line and markers.
func (l plottedLine) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	this, bar := l.chart.Lines[l.i], l.chart.stroke(l.i)
	bar.Dashes, bar.Width = nil, 2*thin
	spreadBar := bar
	spreadBar.Width = thin
	var points []vg.Point
	for _, pt := range this.Points {
		at := vg.Point{X: x(pt.X) + l.chart.dodge(l.i), Y: y(pt.Y)}
		points = append(points, at)
		l.note(at, l.chart.markText(this, pt))
		if low, high, ok := ends(y, p.Y, Bar{pt.Y - pt.Spread, pt.Y + pt.Spread}); ok {
			c.StrokeLine2(spreadBar, at.X, low, at.X, high)
		}
		if low, high, ok := ends(y, p.Y, pt.YBar); ok {
			c.StrokeLine2(bar, at.X, low, at.X, high)
			c.StrokeLine2(bar, at.X-2, low, at.X+2, low)
			c.StrokeLine2(bar, at.X-2, high, at.X+2, high)
		}
		if low, high, ok := ends(x, p.X, pt.XBar); ok {
			c.StrokeLine2(bar, low, at.Y, high, at.Y)
			c.StrokeLine2(bar, low, at.Y-2, low, at.Y+2)
			c.StrokeLine2(bar, high, at.Y-2, high, at.Y+2)
		}
	}
	if !this.Loose {
		c.StrokeLines(l.chart.stroke(l.i), points)
	}
	if this.Bare {
		return
	}
	for _, at := range points {
		c.DrawGlyphNoClip(l.chart.glyph(l.i), at)
	}
}

// markText returns a point in words.
func (ch Chart) markText(l Line, p Point) string {
	text := fmt.Sprintf("%s %s: %s %s", ch.X.Label, ch.X.value(p.X, p.Images), ch.Y.Label, ch.Y.numberOf(p.Y, p.Images))
	if l.Name != "" && l.Name != ch.Y.Label {
		text = l.Name + ", " + text
	}
	if ch.Y.Share {
		text += map[bool]string{true: " points", false: " %"}[ch.Y.Points]
	}
	if bar := p.YBar.text(ch.Y, p.Images); bar != "" {
		text += " (95 % CI " + bar + ")"
	}
	return text
}

// dodgeDistance is the distance between the points of different lines at one x.
const dodgeDistance vg.Length = 2.6

// dodge returns the horizontal offset of a line's points. On a Listed axis it
// separates the lines, so that their bars do not hide each other.
func (ch Chart) dodge(i int) vg.Length {
	if !ch.X.Listed {
		return 0
	}
	before, all := 0, 0
	for j, l := range ch.Lines {
		if l.Quiet || l.Bare {
			continue
		}
		if j < i {
			before++
		}
		all++
	}
	if ch.Lines[i].Quiet || ch.Lines[i].Bare {
		return 0
	}
	return dodgeDistance * (vg.Length(before) - vg.Length(all-1)/2)
}

// ends returns the ends of a bar, clipped to the axis. It returns false if there is no
// bar.
func ends(at func(float64) vg.Length, axis plot.Axis, b Bar) (low, high vg.Length, ok bool) {
	if !b.drawn() {
		return 0, 0, false
	}
	return at(math.Max(b.Low, axis.Min)), at(math.Min(b.High, axis.Max)), true
}
