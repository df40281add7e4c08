package figures

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// MainEffects draws the mean of a quantity at the low and at the high level of each
// factor of a two-level design, one factor in a row.
type MainEffects struct {
	Name, Title, Caption string
	// Quantity names what is averaged. Signed marks it as a difference in [-1, 1], shown in
	// points; otherwise it is a share in [0, 1].
	Quantity string
	Signed   bool
	Factors  []FactorMeans
	// Mean is the mean over all runs, drawn as a line; NaN draws none.
	Mean float64
}

// FactorMeans is a factor with the means at its levels.
type FactorMeans struct {
	Factor        string
	Low, High     string  // names of the levels
	AtLow, AtHigh float64 // means; NaN: undefined
	LowCI, HighCI Bar
	Effect        float64 // AtHigh - AtLow
	EffectCI      Bar
	Marked        bool // the effect matters: it is drawn thick
}

// Sizes of a row of main effects, in points.
const (
	factorLabel vg.Length = 11
	factorBody  vg.Length = 14
)

// Figure returns the figure of the main effects. The error wraps ErrEmpty if there are no
// factors.
func (m MainEffects) Figure() (*Figure, error) {
	if len(m.Factors) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", m.Name, ErrEmpty)
	}
	number := m.number()
	values := Values{Heads: []string{"factor", "low level", withUnit(m.Quantity, m.Signed) + " at it", "high level", withUnit(m.Quantity, m.Signed) + " at the high level", "effect, points", "95 % CI", "matters"}}
	for _, f := range m.Factors {
		yes := ""
		if f.Marked {
			yes = "yes"
		}
		values.Rows = append(values.Rows, []string{f.Factor, f.Low, number(f.AtLow), f.High, number(f.AtHigh), points(f.Effect), pointsBar(f.EffectCI), yes})
	}
	h := m.header()
	const axis = 26 // height of the ticks and the label of the x axis
	return &Figure{
		Name: m.Name, Title: m.Title, Caption: m.Caption, Values: values,
		layOut: func(width vg.Length) sketch {
			return sketch{h.height(width) + vg.Length(len(m.Factors))*(factorLabel+factorBody) + axis, func(c draw.Canvas, note noter) error {
				h.draw(c)
				p := newPlot()
				x := Axis{Label: m.Quantity, Share: true}
				p.X.Label.Text = withUnit(m.Quantity, m.Signed)
				p.X.Min, p.X.Max = x.enclose(m.extent())
				p.X.Tick.Marker = x.ticks(nil)
				p.X.Padding, p.Y.Padding = 0, 0
				p.HideY()
				p.Add(m, mainEffectsNotes{m, note})
				p.Draw(draw.Crop(c, 2*edge, -2*edge, 1, -h.height(width)))
				return nil
			}}
		},
	}, nil
}

// number returns the format of a mean.
func (m MainEffects) number() func(float64) string {
	if m.Signed {
		return points
	}
	return func(v float64) string { return Axis{Share: true}.numberOf(v, 0) }
}

// extent returns the range of the means and their intervals.
func (m MainEffects) extent() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, f := range m.Factors {
		all := []float64{f.AtLow, f.AtHigh}
		for _, b := range []Bar{f.LowCI, f.HighCI} {
			if b.drawn() {
				all = append(all, b.Low, b.High)
			}
		}
		for _, v := range all {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if !math.IsNaN(m.Mean) {
		low, high = min(low, m.Mean), max(high, m.Mean)
	}
	if !(low < high) { // all means are one, or undefined
		low, high = 0, 1
	}
	return low, high
}

// header returns the legend of the signs.
func (m MainEffects) header() header {
	h := header{entries: []legendEntry{
		{name: "low level", glyph: levelMark(false)},
		{name: "high level", glyph: levelMark(true)},
	}}
	if slices.ContainsFunc(m.Factors, func(f FactorMeans) bool { return f.Marked }) {
		h.entries = append(h.entries, legendEntry{name: "matters", line: effectLine(true)})
	}
	if !math.IsNaN(m.Mean) {
		h.entries = append(h.entries, legendEntry{name: "overall mean", line: noiseLine()})
	}
	return h
}

// levelMark returns the marker of the mean at a level.
func levelMark(high bool) draw.GlyphStyle {
	g := draw.GlyphStyle{Color: series[0].colour(), Radius: markSize, Shape: draw.RingGlyph{}}
	if high {
		g.Shape = draw.CircleGlyph{}
	}
	return g
}

// effectLine returns the line between the means at the two levels.
func effectLine(marked bool) draw.LineStyle {
	if marked {
		return line(series[1], 2*thick)
	}
	return line(Quiet, thick)
}

// Plot draws the rows, the first at the top.
func (m MainEffects) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(line(Grid, thin), x(tick.Value), c.Min.Y, x(tick.Value), c.Max.Y)
	}
	top := c.Max.Y
	for _, f := range m.Factors {
		label := fmt.Sprintf("%s: %s → %s, %s", f.Factor, f.Low, f.High, points(f.Effect))
		c.FillText(text(Ink, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: top - factorLabel/2}, shorten(label, c.Max.X-c.Min.X))
		y := top - factorLabel - factorBody/2
		if !math.IsNaN(m.Mean) { // not behind the labels
			c.StrokeLine2(noiseLine(), x(m.Mean), y+factorBody/2, x(m.Mean), y-factorBody/2)
		}
		m.drawFactor(c, f, x, y)
		top -= factorLabel + factorBody
	}
}

// drawFactor draws a row at a height. The interval of the low level lies above that of
// the high one, so that they can be told apart.
func (m MainEffects) drawFactor(c draw.Canvas, f FactorMeans, x func(float64) vg.Length, y vg.Length) {
	const apart = 2.2
	for _, end := range []struct {
		bar Bar
		y   vg.Length
	}{{f.LowCI, y + apart}, {f.HighCI, y - apart}} {
		if end.bar.drawn() {
			style := line(series[0], thin)
			c.StrokeLine2(style, x(end.bar.Low), end.y, x(end.bar.High), end.y)
			for _, at := range []float64{end.bar.Low, end.bar.High} {
				c.StrokeLine2(style, x(at), end.y-1.5, x(at), end.y+1.5)
			}
		}
	}
	if math.IsNaN(f.AtLow) || math.IsNaN(f.AtHigh) {
		return
	}
	c.StrokeLine2(effectLine(f.Marked), x(f.AtLow), y, x(f.AtHigh), y)
	c.FillPolygon(Paper.colour(), circle(vg.Point{X: x(f.AtLow), Y: y}, markSize))
	c.DrawGlyphNoClip(levelMark(false), vg.Point{X: x(f.AtLow), Y: y})
	c.DrawGlyphNoClip(levelMark(true), vg.Point{X: x(f.AtHigh), Y: y})
}

// circle returns the corners of a polygon that looks like a circle.
func circle(at vg.Point, radius vg.Length) []vg.Point {
	const corners = 16
	var points []vg.Point
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		points = append(points, vg.Point{X: at.X + radius*vg.Length(cos), Y: at.Y + radius*vg.Length(sin)})
	}
	return points
}

// mainEffectsNotes notes the means of a figure for a pointer.
type mainEffectsNotes struct {
	MainEffects
	note noter
}

// Plot notes each mean at its sign.
func (m mainEffectsNotes) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	number := m.number()
	y := c.Max.Y + factorBody/2
	for _, f := range m.Factors {
		y -= factorLabel + factorBody
		if math.IsNaN(f.AtLow) || math.IsNaN(f.AtHigh) {
			continue
		}
		m.note(vg.Point{X: x(f.AtLow), Y: y}, fmt.Sprintf("%s = %s: %s", f.Factor, f.Low, number(f.AtLow)))
		m.note(vg.Point{X: x(f.AtHigh), Y: y}, fmt.Sprintf("%s = %s: %s", f.Factor, f.High, number(f.AtHigh)))
	}
}
