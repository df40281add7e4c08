package figures

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Point is a point of a line; half widths are NaN where there are none.
type Point struct {
	X, Y           float64
	XError, YError float64 // drawn as bars with caps
	Spread         float64 // of Y, drawn as a thin bar
}

// At is a point without bars.
func At(x, y float64) Point {
	return Point{X: x, Y: y, XError: math.NaN(), YError: math.NaN(), Spread: math.NaN()}
}

// Line is a series of a chart.
type Line struct {
	Name   string
	Points []Point
	// Bare is a line without markers, Loose are markers without a line.
	Bare, Loose bool
	// Quiet is for what is there to compare with: a line in the grey of the
	// axes, points as the open diamonds that stand for the paper in a Strip.
	Quiet bool
}

// Chart is lines or points over two axes.
type Chart struct {
	Name, Title, Caption string
	X, Y                 Axis
	Lines                []Line
}

// spread is the ratio of the largest to the smallest x from which an axis of
// listed values is logarithmic.
const spread = 15

// Figure lays the chart out. The error wraps ErrEmpty where no line has a point.
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
		width: width, height: height + ch.head().height(),
		draw: func(c draw.Canvas) error {
			ch.draw(c, xs)
			return nil
		},
	}, nil
}

// head is what stands above the chart.
func (ch Chart) head() head {
	h := head{label: ch.Y.unit()}
	for i, l := range ch.Lines {
		h.items = append(h.items, ch.item(i, l))
	}
	if len(ch.Lines) == 1 && ch.Lines[0].Name == "" {
		h.items = nil
	}
	return h
}

// item is a line's entry in the legend.
func (ch Chart) item(i int, l Line) item {
	it := item{name: l.Name, line: ch.stroke(i), glyph: ch.glyph(i)}
	if l.Bare {
		it.glyph.Shape = nil
	}
	if l.Loose {
		it.line.Width = 0
	}
	return it
}

func (ch Chart) stroke(i int) draw.LineStyle {
	s := stroke(i)
	if ch.Lines[i].Quiet {
		s.Color, s.Width = Quiet.colour(), 2*thin
	}
	return s
}

func (ch Chart) glyph(i int) draw.GlyphStyle {
	if ch.Lines[i].Quiet {
		return paperMark()
	}
	return glyph(i)
}

// values are the points of all lines.
func (ch Chart) values() Values {
	v := Values{Heads: []string{"series", ch.X.unit(), ch.Y.unit()}}
	var columns []func(Point) string
	for _, more := range []struct {
		head string
		axis Axis
		of   func(Point) float64
	}{
		{"95 % CI ±", ch.Y, func(p Point) float64 { return p.YError }},
		{"95 % CI of " + ch.X.Label + " ±", ch.X, func(p Point) float64 { return p.XError }},
		{"std over attackers", ch.Y, func(p Point) float64 { return p.Spread }},
	} {
		if slices.ContainsFunc(ch.Lines, func(l Line) bool {
			return slices.ContainsFunc(l.Points, func(p Point) bool { return !math.IsNaN(more.of(p)) })
		}) {
			v.Heads = append(v.Heads, more.head)
			columns = append(columns, func(p Point) string { return orEmpty(more.axis, more.of(p)) })
		}
	}
	for _, l := range ch.Lines {
		for _, p := range l.Points {
			row := []string{l.Name, ch.X.value(p.X), ch.Y.number(p.Y)}
			for _, column := range columns {
				row = append(row, column(p))
			}
			v.Rows = append(v.Rows, row)
		}
	}
	return v
}

// orEmpty is a number, or nothing where there is none.
func orEmpty(a Axis, v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return a.number(v)
}

// draw draws the chart.
func (ch Chart) draw(c draw.Canvas, xs []float64) {
	h := ch.head()
	h.draw(c)
	p := newPlot()
	p.X.Label.Text = ch.X.unit()
	p.X.Min, p.X.Max = ch.extent(func(pt Point) (float64, float64) { return pt.X, pt.XError })
	p.Y.Min, p.Y.Max = ch.extent(func(pt Point) (float64, float64) { return pt.Y, pt.YError })
	p.Y.Min = math.Min(0, p.Y.Min)
	p.X.Tick.Marker, p.Y.Tick.Marker = ch.X.ticks(xs), ch.Y.ticks(nil)
	if ch.X.Listed && p.X.Min > 0 && p.X.Max/p.X.Min >= spread {
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
		p.Add(plottedLine{ch, i})
	}
	p.Draw(draw.Crop(c, 0, -6, 1, -h.height()))
}

// extent is the range that the points take on an axis, with their bars.
func (ch Chart) extent(of func(Point) (value, half float64)) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range ch.Lines {
		for _, p := range l.Points {
			value, half := of(p)
			if math.IsNaN(half) {
				half = 0
			}
			low, high = min(low, value-half), max(high, value+half)
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
	p.Y.LineStyle, p.Y.Tick.LineStyle, p.Y.Tick.Length = draw.LineStyle{}, draw.LineStyle{}, 0 // the grid does it
	p.X.Tick.Label = text(Quiet, draw.XCenter, draw.YTop)
	p.Y.Tick.Label = text(Quiet, draw.XRight, draw.YCenter)
	return p
}

// grid draws a quiet line at every tick of y.
type grid struct{}

// Plot draws it.
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
		if low, high, ok := ends(y, p.Y, pt.Y, pt.Spread); ok {
			c.StrokeLine2(spreadBar, at.X, low, at.X, high)
		}
		if low, high, ok := ends(y, p.Y, pt.Y, pt.YError); ok {
			c.StrokeLine2(bar, at.X, low, at.X, high)
			c.StrokeLine2(bar, at.X-2, low, at.X+2, low)
			c.StrokeLine2(bar, at.X-2, high, at.X+2, high)
		}
		if low, high, ok := ends(x, p.X, pt.X, pt.XError); ok {
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

// sidestep is the distance of points with bars at one x.
const sidestep vg.Length = 2.6

// dodge moves a line's points aside where several lines have bars at listed
// values, so that they do not hide each other.
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
	return sidestep * (vg.Length(before) - vg.Length(all-1)/2)
}

// ends are where a bar of half width half begins and ends, within the axis;
// false if there is none.
func ends(at func(float64) vg.Length, axis plot.Axis, value, half float64) (low, high vg.Length, ok bool) {
	if math.IsNaN(half) || half <= 0 {
		return 0, 0, false
	}
	return at(math.Max(value-half, axis.Min)), at(math.Min(value+half, axis.Max)), true
}
