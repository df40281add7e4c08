package figures

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"backfire/stats"
)

// HalfNormal draws the absolute values of the effects of a two-level design against the
// quantiles of the half-normal distribution (Daniel, "Use of Half-Normal Plots in
// Interpreting Factorial Two-Level Experiments", Technometrics 1, 1959). Effects of
// nothing but noise lie on a straight line through the origin; those that stand out above
// it are named.
type HalfNormal struct {
	Name, Title, Caption string
	// Quantity names what the effects are differences of, in [-1, 1].
	Quantity string
	Effects  []Effect
	// Noise is the standard error of an effect, drawn as the line of noise; 0 draws none.
	Noise float64
}

// Effect is the effect of a factor or an interaction: the mean at its high level less
// the mean at its low one.
type Effect struct {
	Name  string
	Value float64 // in [-1, 1]
	CI    Bar
	// Marked fills the marker of the effect and writes its name: it matters.
	Marked bool
}

// quantile returns the quantile of the half-normal distribution at which the effect with a
// rank from 1 to n is drawn, at the plotting position (rank - 1/2)/n.
func (h HalfNormal) quantile(rank int) float64 {
	return distuv.UnitNormal.Quantile(0.5 + (float64(rank)-0.5)/float64(2*len(h.Effects)))
}

// ranked returns the effects by ascending absolute value.
func (h HalfNormal) ranked() []Effect {
	effects := slices.Clone(h.Effects)
	slices.SortStableFunc(effects, func(a, b Effect) int { return cmp.Compare(math.Abs(a.Value), math.Abs(b.Value)) })
	return effects
}

// Figure returns the figure of the plot. The error wraps ErrEmpty if there are no
// effects.
func (h HalfNormal) Figure() (*Figure, error) {
	if len(h.Effects) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", h.Name, ErrEmpty)
	}
	values := Values{Heads: []string{"effect", "points", "95 % CI", "half-normal quantile", "matters"}}
	effects := h.ranked()
	for i := len(effects) - 1; i >= 0; i-- {
		e, yes := effects[i], ""
		if e.Marked {
			yes = "yes"
		}
		values.Rows = append(values.Rows, []string{e.Name, points(e.Value), pointsBar(e.CI), fmt.Sprintf("%.2f", h.quantile(i+1)), yes})
	}
	top := h.header()
	return &Figure{
		Name: h.Name, Title: h.Title, Caption: h.Caption, Values: values, layOut: func(width vg.Length) sketch {
			return sketch{height + top.height(width), func(c draw.Canvas, note noter) error {
				top.draw(c)
				p := newPlot()
				y := Axis{Label: "absolute effect", Share: true}
				p.X.Label.Text = "half-normal quantile"
				p.X.Min, p.X.Max = 0, math.Ceil(2*h.quantile(len(effects)))/2
				p.Y.Min, p.Y.Max = y.enclose(0, max(0.01, math.Abs(effects[len(effects)-1].Value)))
				p.X.Tick.Marker, p.Y.Tick.Marker = Axis{}.ticks(nil), y.ticks(nil)
				p.X.Padding = 0
				p.Add(grid{}, h, halfNormalNotes{h, note})
				p.Draw(draw.Crop(c, 0, -6, 1, -top.height(width)))
				return nil
			}}
		},
	}, nil
}

// points formats a difference in points.
func points(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return stats.Points(stats.Number(v))
}

// pointsBar formats the limits of a bar in points; empty without a bar.
func pointsBar(b Bar) string {
	if !b.drawn() {
		return ""
	}
	return points(b.Low) + " to " + points(b.High)
}

// header returns the legend of the signs that occur.
func (h HalfNormal) header() header {
	top := header{label: "absolute effect on " + h.Quantity + ", points"}
	if slices.ContainsFunc(h.Effects, func(e Effect) bool { return e.Marked }) {
		top.entries = append(top.entries, legendEntry{name: "matters", glyph: effectMark(true)})
	}
	if slices.ContainsFunc(h.Effects, func(e Effect) bool { return !e.Marked }) {
		top.entries = append(top.entries, legendEntry{name: "does not stand out", glyph: effectMark(false)})
	}
	if h.Noise > 0 {
		top.entries = append(top.entries, legendEntry{name: "noise", line: noiseLine()})
	}
	return top
}

// effectMark returns the marker of an effect.
func effectMark(marked bool) draw.GlyphStyle {
	g := draw.GlyphStyle{Color: series[0].colour(), Radius: markSize, Shape: draw.RingGlyph{}}
	if marked {
		g.Color, g.Shape = series[1].colour(), draw.CircleGlyph{}
	}
	return g
}

// noiseLine returns the line of effects that are nothing but noise.
func noiseLine() draw.LineStyle {
	s := line(Quiet, 2*thin)
	s.Dashes = dashes[1]
	return s
}

// Plot draws the line of noise and the effects.
func (h HalfNormal) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if h.Noise > 0 {
		end := min(p.X.Max, p.Y.Max/h.Noise)
		c.StrokeLine2(noiseLine(), x(0), y(0), x(end), y(end*h.Noise))
	}
	effects := h.ranked()
	floor := vg.Length(math.Inf(-1)) // below which the name of the next effect would overlap the last one's
	for i, e := range effects {
		at := vg.Point{X: x(h.quantile(i + 1)), Y: y(math.Abs(e.Value))}
		c.DrawGlyphNoClip(effectMark(e.Marked), at)
		if !e.Marked {
			continue
		}
		sign := "+ "
		if e.Value < 0 {
			sign = "− "
		}
		level := max(at.Y, floor)
		c.FillText(text(Ink, draw.XRight, draw.YCenter), vg.Point{X: at.X - markSize - 3, Y: level}, sign+shorten(e.Name, at.X-c.Min.X-markSize-12))
		floor = level + textSize + 1
	}
}

// halfNormalNotes notes the effects of a plot for a pointer.
type halfNormalNotes struct {
	HalfNormal
	note noter
}

// Plot notes each effect at its sign.
func (h halfNormalNotes) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, e := range h.ranked() {
		text := e.Name + ": " + points(e.Value) + " points"
		if bar := pointsBar(e.CI); bar != "" {
			text += " (95 % CI " + bar + ")"
		}
		h.note(vg.Point{X: x(h.quantile(i + 1)), Y: y(math.Abs(e.Value))}, text)
	}
}
