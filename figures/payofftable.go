package figures

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// PayoffTable draws payoffs in points with their intervals as a table with coloured fields:
// profiles from top to bottom, strategies from left to right, and a last column with the
// regret of the profile.
type PayoffTable struct {
	Name, Title, Caption string
	Columns              []string // names of the strategies
	Rows                 []PayoffRow
}

// PayoffRow is a profile of a PayoffTable. Payoffs are shares in [-1, 1] as the colours show
// them; those beyond have the last colour.
type PayoffRow struct {
	Name    string
	Payoffs []Estimate // by strategy; NaN: it is not played
	Regret  Estimate   // 0 or more
	// Marked draws the sign of an equilibrium before the name.
	Marked bool
}

// Estimate is a value with its interval; a zero Bar is not shown.
type Estimate struct {
	Value float64
	CI    Bar
}

// Sizes of a payoff table, in points.
const (
	payoffRow  vg.Length = 22
	payoffName vg.Length = 92
)

// Figure returns the figure of the table. The error wraps ErrEmpty without rows.
func (p PayoffTable) Figure() (*Figure, error) {
	if len(p.Rows) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", p.Name, ErrEmpty)
	}
	values := Values{Heads: []string{"profile"}}
	for _, name := range p.Columns {
		values.Heads = append(values.Heads, "payoff of "+name)
	}
	values.Heads = append(values.Heads, "regret", "equilibrium")
	for _, row := range p.Rows {
		texts := []string{row.Name}
		for _, e := range append(row.Payoffs[:len(p.Columns):len(p.Columns)], row.Regret) {
			texts = append(texts, e.text())
		}
		mark := "no"
		if row.Marked {
			mark = "yes"
		}
		values.Rows = append(values.Rows, append(texts, mark))
	}
	return &Figure{
		Name: p.Name, Title: p.Title, Caption: p.Caption, Values: values,
		layOut: func(vg.Length) sketch {
			return sketch{headerLine + payoffRow*vg.Length(len(p.Rows)) + headerBottom, func(c draw.Canvas, note noter) error {
				p.draw(c, note)
				return nil
			}}
		},
	}, nil
}

// text returns the estimate in points; empty if it is undefined.
func (e Estimate) text() string {
	if math.IsNaN(e.Value) {
		return ""
	}
	if e.CI.drawn() {
		return fmt.Sprintf("%s [%s, %s]", inPoints(e.Value), inPoints(e.CI.Low), inPoints(e.CI.High))
	}
	return inPoints(e.Value)
}

// inPoints returns a share in points.
func inPoints(share float64) string {
	text := strconv.FormatFloat(100*share, 'f', 1, 64)
	if text == "-0.0" {
		return "0.0"
	}
	return text
}

// draw draws the table.
func (p PayoffTable) draw(c draw.Canvas, note noter) {
	columns := len(p.Columns) + 1
	w := (c.Max.X - c.Min.X - payoffName) / vg.Length(columns)
	top := c.Max.Y - headerLine
	for j, name := range append(p.Columns[:len(p.Columns):len(p.Columns)], "regret") {
		x := c.Min.X + payoffName + (vg.Length(j)+0.5)*w
		c.FillText(text(Quiet, draw.XCenter, draw.YCenter), vg.Point{X: x, Y: top + headerLine/2}, shorten(name, w-2))
	}
	for i, row := range p.Rows {
		bottom := top - vg.Length(i+1)*payoffRow
		if row.Marked {
			c.DrawGlyphNoClip(glyph(0), vg.Point{X: c.Min.X + markSize, Y: bottom + payoffRow/2})
		}
		c.FillText(text(Ink, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X + 3*markSize, Y: bottom + payoffRow/2}, shorten(row.Name, payoffName-4*markSize))
		for j, e := range row.Payoffs[:len(p.Columns)] {
			corner := vg.Point{X: c.Min.X + payoffName + vg.Length(j)*w, Y: bottom}
			if p.field(c, e, corner, w, true); e.text() != "" {
				note(vg.Point{X: corner.X + w/2, Y: corner.Y + payoffRow/2}, row.Name+", payoff of "+p.Columns[j]+": "+e.text())
			}
		}
		p.field(c, row.Regret, vg.Point{X: c.Min.X + payoffName + vg.Length(len(p.Columns))*w, Y: bottom}, w, false)
	}
}

// field draws an estimate: the value, and below it the interval.
func (PayoffTable) field(c draw.Canvas, e Estimate, corner vg.Point, w vg.Length, coloured bool) {
	if math.IsNaN(e.Value) {
		return
	}
	on := Ink
	if coloured {
		var of Colour
		of, on = PhaseMap{}.shade(max(-1, min(1, e.Value)))
		outline := []vg.Point{corner, {X: corner.X + w, Y: corner.Y}, {X: corner.X + w, Y: corner.Y + payoffRow}, {X: corner.X, Y: corner.Y + payoffRow}}
		c.FillPolygon(of.colour(), outline)
		c.StrokeLines(line(Paper, thin), append(outline, corner))
	}
	style, middle := text(on, draw.XCenter, draw.YCenter), vg.Point{X: corner.X + w/2, Y: corner.Y + payoffRow/2}
	if !e.CI.drawn() {
		c.FillText(style, middle, inPoints(e.Value))
		return
	}
	c.FillText(style, vg.Point{X: middle.X, Y: middle.Y + textSize/2 + 0.5}, inPoints(e.Value))
	small := style
	small.Font.Size = textSize * 3 / 4
	if ci := fmt.Sprintf("%.0f to %.0f", 100*e.CI.Low, 100*e.CI.High); small.Width(ci) < w {
		c.FillText(small, vg.Point{X: middle.X, Y: middle.Y - textSize/2}, ci)
	}
}
