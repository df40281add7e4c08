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

// Strip draws every attacker of several games on one axis of shares: as its number
// in a game of few attackers, as a point in a game of many.
type Strip struct {
	Name, Title, Caption string
	Label                string // label of the axis
	Rows                 []StripRow
}

// StripRow is one game.
type StripRow struct {
	Label  string
	Shares []float64 // share of each attacker, in [0, 1]
	IDs    []int     // ID of each attacker
	// Mean is drawn as a bar below the attackers, on the band CI. Paper is the paper's
	// mean, drawn as an open diamond. NaN is not drawn.
	Mean, Paper float64
	CI          Bar
	// Images and Each are the numbers of images behind the mean and behind each
	// attacker's share, for the decimals of their texts; 0: not known.
	Images int
	Each   []int
}

// maxNumbered is the largest number of attackers that are shown by their numbers.
const maxNumbered = 12

// Sizes of a strip, in points.
const (
	rowLabel     vg.Length = 11 // height of the row's label
	numberGap    vg.Length = 6  // distance between the centres of two numbers
	pointGap     vg.Length = 2.6
	rowMean      vg.Length = 7 // height of mean, interval and the paper's mean
	rowBottom    vg.Length = 5
	maxPointArea vg.Length = 150 // greatest height of a row's points; more lanes lie closer together
	edge         vg.Length = 5
)

// Figure returns the figure of the strip. The error wraps ErrEmpty if there are no
// rows.
func (s Strip) Figure() (*Figure, error) {
	if len(s.Rows) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", s.Name, ErrEmpty)
	}
	const axis = 26 // height of the ticks and the label of the x axis
	h := s.header()
	total := h.height() + axis
	values := Values{Heads: []string{"game", "mean, %", "95 % CI", "paper, %", "attackers, %"}}
	for _, r := range s.Rows {
		total += r.height()
		share := Axis{Share: true}
		var each []string
		for i, v := range r.Shares {
			images := 0
			if i < len(r.Each) {
				images = r.Each[i]
			}
			each = append(each, fmt.Sprintf("%d: %s", r.IDs[i], share.numberOf(v, images)))
		}
		values.Rows = append(values.Rows, []string{
			r.Label, share.numberOf(r.Mean, r.Images), r.CI.text(share, r.Images), orEmpty(share, r.Paper, 0), strings.Join(each, ", "),
		})
	}
	return &Figure{
		Name: s.Name, Title: s.Title, Caption: s.Caption, Values: values, width: width, height: total,
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

// header returns the legend of the signs that occur.
func (s Strip) header() header {
	has := func(property func(StripRow) bool) bool { return slices.ContainsFunc(s.Rows, property) }
	h := header{}
	if has(func(r StripRow) bool { return len(r.Shares) <= maxNumbered }) {
		h.entries = append(h.entries, legendEntry{name: "attacker", glyph: draw.GlyphStyle{Color: Ink.colour(), Shape: numeral{"0"}}})
	}
	if has(func(r StripRow) bool { return len(r.Shares) > maxNumbered }) {
		h.entries = append(h.entries, legendEntry{name: "one attacker", glyph: stripPoint()})
	}
	h.entries = append(h.entries, legendEntry{name: "mean", glyph: draw.GlyphStyle{Color: series[1].colour(), Radius: rowMean / 2, Shape: verticalBar{}}})
	if has(func(r StripRow) bool { return r.CI.drawn() }) {
		h.entries = append(h.entries, legendEntry{name: "95 % CI", line: draw.LineStyle{Color: Band.colour(), Width: rowMean - 2}})
	}
	if has(func(r StripRow) bool { return !math.IsNaN(r.Paper) }) {
		h.entries = append(h.entries, legendEntry{name: "paper's mean", glyph: paperMark()})
	}
	return h
}

// stripPoint returns the marker of one attacker among many.
func stripPoint() draw.GlyphStyle {
	return draw.GlyphStyle{Color: series[0].colour(), Radius: 1.2, Shape: draw.CircleGlyph{}}
}

// paperMark returns the marker of the paper's figures.
func paperMark() draw.GlyphStyle {
	return draw.GlyphStyle{Color: series[4].colour(), Radius: 3, Shape: diamond{}}
}

// gap returns the least distance between two signs in a lane.
func (r StripRow) gap() vg.Length {
	if len(r.Shares) > maxNumbered {
		return pointGap
	}
	return numberGap
}

// laneHeight returns the height of a lane if there are the given number of them.
func (r StripRow) laneHeight(lanes int) vg.Length {
	if len(r.Shares) > maxNumbered {
		return min(pointGap, maxPointArea/vg.Length(lanes))
	}
	return textSize
}

// lanes distributes the attackers over lanes so that no two signs overlap. It
// returns the lane of each attacker and the number of lanes, at least 1.
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

// bodyHeight returns the height of all lanes.
func (r StripRow) bodyHeight() vg.Length {
	_, lanes := r.lanes()
	return max(8, vg.Length(lanes)*r.laneHeight(lanes)+2)
}

// height returns the height of the row.
func (r StripRow) height() vg.Length { return rowLabel + r.bodyHeight() + rowMean + rowBottom }

// Plot draws the rows, the first at the top.
func (s Strip) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(line(Grid, thin), x(tick.Value), c.Min.Y, x(tick.Value), c.Max.Y)
	}
	top := c.Max.Y
	for _, r := range s.Rows {
		low := top - rowLabel - r.bodyHeight()
		lanes, n := r.lanes()
		for i, share := range r.Shares {
			at := vg.Point{X: x(share), Y: low + (vg.Length(lanes[i])+0.5)*r.laneHeight(n) + 1}
			if len(r.Shares) > maxNumbered {
				c.DrawGlyphNoClip(stripPoint(), at)
			} else {
				c.FillText(text(Ink, draw.XCenter, draw.YCenter), at, strconv.Itoa(r.IDs[i]))
			}
		}
		middle := low - rowMean/2
		if !math.IsNaN(r.Mean) && r.CI.drawn() {
			c.StrokeLine2(draw.LineStyle{Color: Band.colour(), Width: rowMean - 2}, x(math.Max(0, r.CI.Low)), middle, x(math.Min(1, r.CI.High)), middle)
		}
		if !math.IsNaN(r.Mean) {
			c.StrokeLine2(line(series[1], 1.5*thick), x(r.Mean), middle-rowMean/2, x(r.Mean), middle+rowMean/2)
		}
		if !math.IsNaN(r.Paper) {
			c.DrawGlyphNoClip(paperMark(), vg.Point{X: x(r.Paper), Y: middle})
		}
		c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: top - rowLabel/2}, r.Label)
		top -= r.height()
	}
}

// verticalBar is the glyph of a mean.
type verticalBar struct{}

// DrawGlyph draws the bar.
func (verticalBar) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	c.StrokeLine2(draw.LineStyle{Color: sty.Color, Width: 1.5 * thick}, at.X, at.Y-sty.Radius, at.X, at.Y+sty.Radius)
}

// diamond is the glyph of an open diamond.
type diamond struct{}

// DrawGlyph draws the diamond.
func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	r := sty.Radius
	c.StrokeLines(draw.LineStyle{Color: sty.Color, Width: 2 * thin}, []vg.Point{
		{X: at.X - r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y - r}, {X: at.X - r, Y: at.Y},
	})
}

// numeral is a glyph that consists of a text.
type numeral struct{ text string }

// DrawGlyph draws the text.
func (n numeral) DrawGlyph(c *draw.Canvas, _ draw.GlyphStyle, at vg.Point) {
	c.FillText(text(Ink, draw.XCenter, draw.YCenter), at, n.text)
}
