package figures

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Strip shows every attacker of several games on one axis of shares: its number
// where they are few, a point where they are many.
type Strip struct {
	Name, Title, Caption string
	Label                string // of the axis
	Rows                 []StripRow
}

// StripRow is one game.
type StripRow struct {
	Label  string
	Shares []float64 // by attacker, in [0, 1]
	IDs    []int     // of the attackers
	// Mean and its interval of half width CI, NaN for none, stand below the
	// attackers as a bar on a band. Paper is drawn as an open diamond; NaN for
	// none.
	Mean, CI, Paper float64
}

// mostNumbers is the number of attackers that are shown by their numbers.
const mostNumbers = 12

// Of a strip, in points.
const (
	rowHead   vg.Length = 11 // the row's label
	numberGap vg.Length = 6  // between the middles of two numbers
	pointGap  vg.Length = 2.6
	rowMean   vg.Length = 7 // mean, interval and the paper's mean
	rowFoot   vg.Length = 5
	tallest   vg.Length = 150 // of the points of a row: more lanes lie closer
	edge      vg.Length = 5
)

// Figure lays the strip out. The error wraps ErrEmpty where there are no rows.
func (s Strip) Figure() (*Figure, error) {
	if len(s.Rows) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", s.Name, ErrEmpty)
	}
	const axis = 26 // ticks and label of the x axis
	h := s.head()
	tall := h.height() + axis
	values := Values{Heads: []string{"game", "mean, %", "95 % CI ±", "paper, %", "attackers, %"}}
	for _, r := range s.Rows {
		tall += r.height()
		share := Axis{Share: true}
		var each []string
		for i, v := range r.Shares {
			each = append(each, fmt.Sprintf("%d: %s", r.IDs[i], share.number(v)))
		}
		values.Rows = append(values.Rows, []string{
			r.Label, share.number(r.Mean), orEmpty(share, r.CI), orEmpty(share, r.Paper), strings.Join(each, ", "),
		})
	}
	return &Figure{
		Name: s.Name, Title: s.Title, Caption: s.Caption, Values: values, width: width, height: tall,
		draw: func(c draw.Canvas) error {
			h.draw(c)
			p := newPlot()
			p.X.Label.Text = Axis{Label: s.Label, Share: true}.unit()
			p.X.Min, p.X.Max = 0, 1
			p.X.Tick.Marker = Axis{Share: true, Whole: true}.ticks(nil)
			p.X.Padding, p.Y.Padding = 0, 0
			p.HideY()
			p.Add(s)
			p.Draw(draw.Crop(c, edge, -edge, 1, -h.height()))
			return nil
		},
	}, nil
}

// head explains the signs.
func (s Strip) head() head {
	has := func(of func(StripRow) bool) bool { return slices.ContainsFunc(s.Rows, of) }
	h := head{}
	if has(func(r StripRow) bool { return len(r.Shares) <= mostNumbers }) {
		h.items = append(h.items, item{name: "attacker", glyph: draw.GlyphStyle{Color: Ink.colour(), Shape: numeral{"0"}}})
	}
	if has(func(r StripRow) bool { return len(r.Shares) > mostNumbers }) {
		h.items = append(h.items, item{name: "one attacker", glyph: stripPoint()})
	}
	h.items = append(h.items, item{name: "mean", glyph: draw.GlyphStyle{Color: series[1].colour(), Radius: rowMean / 2, Shape: upright{}}})
	if has(func(r StripRow) bool { return !math.IsNaN(r.CI) }) {
		h.items = append(h.items, item{name: "95 % CI", line: draw.LineStyle{Color: Band.colour(), Width: rowMean - 2}})
	}
	if has(func(r StripRow) bool { return !math.IsNaN(r.Paper) }) {
		h.items = append(h.items, item{name: "paper's mean", glyph: paperMark()})
	}
	return h
}

func stripPoint() draw.GlyphStyle {
	return draw.GlyphStyle{Color: series[0].colour(), Radius: 1.2, Shape: draw.CircleGlyph{}}
}

func paperMark() draw.GlyphStyle {
	return draw.GlyphStyle{Color: series[4].colour(), Radius: 3, Shape: diamond{}}
}

// gap is the distance that the signs of a row keep.
func (r StripRow) gap() vg.Length {
	if len(r.Shares) > mostNumbers {
		return pointGap
	}
	return numberGap
}

// lane is the height of each of some lanes.
func (r StripRow) lane(lanes int) vg.Length {
	if len(r.Shares) > mostNumbers {
		return min(pointGap, tallest/vg.Length(lanes))
	}
	return textSize
}

// lanes puts the attackers into as many lanes as keep them apart: the lane of
// each, and their number, at least one.
func (r StripRow) lanes() ([]int, int) {
	order := make([]int, len(r.Shares))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Shares[a], r.Shares[b]) })
	lanes := make([]int, len(r.Shares))
	var ends []vg.Length
	for _, i := range order {
		x := vg.Length(r.Shares[i]) * (width - 2*edge)
		lane := slices.IndexFunc(ends, func(end vg.Length) bool { return x-end >= r.gap() })
		if lane < 0 {
			lane = len(ends)
			ends = append(ends, 0)
		}
		lanes[i], ends[lane] = lane, x
	}
	return lanes, max(1, len(ends))
}

// body is the height of the row's lanes.
func (r StripRow) body() vg.Length {
	_, lanes := r.lanes()
	return max(8, vg.Length(lanes)*r.lane(lanes)+2)
}

func (r StripRow) height() vg.Length { return rowHead + r.body() + rowMean + rowFoot }

// Plot draws the rows, the first on top.
func (s Strip) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(line(Grid, thin), x(tick.Value), c.Min.Y, x(tick.Value), c.Max.Y)
	}
	top := c.Max.Y
	for _, r := range s.Rows {
		low := top - rowHead - r.body()
		lanes, n := r.lanes()
		for i, share := range r.Shares {
			at := vg.Point{X: x(share), Y: low + (vg.Length(lanes[i])+0.5)*r.lane(n) + 1}
			if len(r.Shares) > mostNumbers {
				c.DrawGlyphNoClip(stripPoint(), at)
			} else {
				c.FillText(text(Ink, draw.XCenter, draw.YCenter), at, strconv.Itoa(r.IDs[i]))
			}
		}
		middle := low - rowMean/2
		if !math.IsNaN(r.Mean) && !math.IsNaN(r.CI) {
			c.StrokeLine2(draw.LineStyle{Color: Band.colour(), Width: rowMean - 2}, x(math.Max(0, r.Mean-r.CI)), middle, x(math.Min(1, r.Mean+r.CI)), middle)
		}
		if !math.IsNaN(r.Mean) {
			c.StrokeLine2(line(series[1], 1.5*thick), x(r.Mean), middle-rowMean/2, x(r.Mean), middle+rowMean/2)
		}
		if !math.IsNaN(r.Paper) {
			c.DrawGlyphNoClip(paperMark(), vg.Point{X: x(r.Paper), Y: middle})
		}
		c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: top - rowHead/2}, r.Label)
		top -= r.height()
	}
}

// upright is a vertical bar.
type upright struct{}

// DrawGlyph draws it.
func (upright) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	c.StrokeLine2(draw.LineStyle{Color: sty.Color, Width: 1.5 * thick}, at.X, at.Y-sty.Radius, at.X, at.Y+sty.Radius)
}

// diamond is an open diamond.
type diamond struct{}

// DrawGlyph draws it.
func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	r := sty.Radius
	c.StrokeLines(draw.LineStyle{Color: sty.Color, Width: 2 * thin}, []vg.Point{
		{X: at.X - r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y - r}, {X: at.X - r, Y: at.Y},
	})
}

// numeral is a text in place of a glyph.
type numeral struct{ text string }

// DrawGlyph draws it.
func (n numeral) DrawGlyph(c *draw.Canvas, _ draw.GlyphStyle, at vg.Point) {
	c.FillText(text(Ink, draw.XCenter, draw.YCenter), at, n.text)
}
