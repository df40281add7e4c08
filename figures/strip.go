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
	// Bars are intervals of the attackers' shares, in their order; none: not drawn. Up to
	// maxNumbered attackers then have a line each.
	Bars []Bar
}

// maxNumbered is the largest number of attackers that are shown by their numbers.
const maxNumbered = 12

// Sizes of a strip, in points.
const (
	rowLabel     vg.Length = 11 // height of the row's label
	numberGap    vg.Length = 2  // between two numbers
	numberHeight vg.Length = 8
	dotRadius    vg.Length = 2
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
	values := Values{Heads: []string{"game", "mean, %", "95 % CI", "paper, %", "attackers, %"}}
	for _, r := range s.Rows {
		share := Axis{Share: true}
		var each []string
		for i, v := range r.Shares {
			images := 0
			if i < len(r.Each) {
				images = r.Each[i]
			}
			text := fmt.Sprintf("%d: %s", r.IDs[i], share.numberOf(v, images))
			if ci := r.bar(i).text(share, images); ci != "" {
				text += " (" + ci + ")"
			}
			each = append(each, text)
		}
		values.Rows = append(values.Rows, []string{
			r.Label, share.numberOf(r.Mean, r.Images), r.CI.text(share, r.Images), orEmpty(share, r.Paper, 0), strings.Join(each, ", "),
		})
	}
	return &Figure{
		Name: s.Name, Title: s.Title, Caption: s.Caption, Values: values,
		layOut: func(width vg.Length) sketch {
			total := h.height(width) + axis
			for _, r := range s.Rows {
				total += r.height(width - 2*edge)
			}
			return sketch{total, func(c draw.Canvas, note noter) error {
				h.draw(c)
				p := newPlot()
				p.X.Label.Text = Axis{Label: s.Label, Share: true}.unit()
				p.X.Min, p.X.Max = 0, 1
				p.X.Tick.Marker = Axis{Share: true, Whole: true}.ticks(nil)
				p.X.Padding, p.Y.Padding = 0, 0
				p.HideY()
				p.Add(plottedStrip{s, note})
				p.Draw(draw.Crop(c, edge, -edge, 1, -h.height(width)))
				return nil
			}}
		},
	}, nil
}

// header returns the legend of the signs that occur.
func (s Strip) header() header {
	has := func(property func(StripRow) bool) bool { return slices.ContainsFunc(s.Rows, property) }
	h := header{}
	if has(func(r StripRow) bool { return len(r.Shares) <= maxNumbered }) {
		h.entries = append(h.entries, legendEntry{name: "attacker, by its number", glyph: stripDot()})
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

// bar returns the interval of the attacker at a position, which is not drawn without one.
func (r StripRow) bar(i int) Bar {
	if i < len(r.Bars) {
		return r.Bars[i]
	}
	return Bar{}
}

// listed reports whether each attacker has a line of its own.
func (r StripRow) listed() bool { return len(r.Bars) > 0 && len(r.Shares) <= maxNumbered }

// stripDot returns the marker of one attacker among few.
func stripDot() draw.GlyphStyle {
	return draw.GlyphStyle{Color: series[0].colour(), Radius: dotRadius, Shape: draw.CircleGlyph{}}
}

// lanes distributes the attackers over lanes, on an axis of a width, so that no two signs of a
// lane overlap: the numbers of few attackers, the points of many. It returns the lane of each
// attacker and the number of lanes, at least 1.
func (r StripRow) lanes(width vg.Length) ([]int, int) {
	order := make([]int, len(r.Shares))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.Shares[a], r.Shares[b]) })
	lanes := make([]int, len(r.Shares))
	var ends []vg.Length
	for _, i := range order {
		half := pointGap / 2
		if len(r.Shares) <= maxNumbered {
			half = (fontSlack*text(Ink, draw.XCenter, draw.YCenter).Width(strconv.Itoa(r.IDs[i])) + numberGap) / 2
		}
		x := vg.Length(r.Shares[i]) * width
		const rounding = 1e-9
		lane := slices.IndexFunc(ends, func(end vg.Length) bool { return x-half >= end-rounding })
		if lane < 0 {
			lane = len(ends)
			ends = append(ends, 0)
		}
		lanes[i], ends[lane] = lane, x+half
	}
	return lanes, max(1, len(ends))
}

// laneHeight returns the height of a lane of points if there are the given number of them.
func laneHeight(lanes int) vg.Length { return min(pointGap, maxPointArea/vg.Length(lanes)) }

// bodyHeight returns the height of the attackers on an axis of a width.
func (r StripRow) bodyHeight(width vg.Length) vg.Length {
	_, lanes := r.lanes(width)
	switch {
	case r.listed():
		return vg.Length(len(r.Shares))*numberHeight + 2
	case len(r.Shares) > maxNumbered:
		return max(8, vg.Length(lanes)*laneHeight(lanes)+2)
	case len(r.Shares) == 0:
		return 2
	default:
		return 2*dotRadius + 2 + vg.Length(lanes)*numberHeight
	}
}

// height returns the height of the row on an axis of a width.
func (r StripRow) height(width vg.Length) vg.Length {
	return rowLabel + r.bodyHeight(width) + rowMean + rowBottom
}

// plottedStrip draws the rows of a strip.
type plottedStrip struct {
	Strip
	note noter
}

// Plot draws the rows, the first at the top.
func (s plottedStrip) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(line(Grid, thin), x(tick.Value), c.Min.Y, x(tick.Value), c.Max.Y)
	}
	top := c.Max.Y
	width := c.Max.X - c.Min.X
	for _, r := range s.Rows {
		low := top - rowLabel - r.bodyHeight(width)
		s.drawAttackers(c, r, x, low)
		s.drawMean(c, r, x, low-rowMean/2)
		c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: top - rowLabel/2}, r.Label)
		top -= r.height(width)
	}
}

// drawAttackers draws the attackers of a row above its lower edge.
func (s plottedStrip) drawAttackers(c draw.Canvas, r StripRow, x func(float64) vg.Length, low vg.Length) {
	lanes, n := r.lanes(c.Max.X - c.Min.X)
	for i, share := range r.Shares {
		at := vg.Point{X: x(share), Y: low + dotRadius + 1}
		number := strconv.Itoa(r.IDs[i])
		switch {
		case r.listed():
			at.Y = low + (vg.Length(len(r.Shares)-i)-0.5)*numberHeight + 1
			if b := r.bar(i); b.drawn() {
				c.StrokeLine2(line(Band, 2*thick), x(math.Max(0, b.Low)), at.Y, x(math.Min(1, b.High)), at.Y)
			}
			c.DrawGlyphNoClip(stripDot(), at)
			number := text(Ink, draw.XLeft, draw.YCenter)
			beside := vg.Point{X: at.X + dotRadius + 2, Y: at.Y}
			if share > 0.9 {
				number.XAlign, beside.X = draw.XRight, at.X-dotRadius-2
			}
			c.FillText(number, beside, strconv.Itoa(r.IDs[i]))
		case len(r.Shares) > maxNumbered:
			at.Y = low + (vg.Length(lanes[i])+0.5)*laneHeight(n) + 1
			c.DrawGlyphNoClip(stripPoint(), at)
		default:
			c.DrawGlyphNoClip(stripDot(), at)
			above := at.Y + dotRadius + 1 + (vg.Length(lanes[i])+0.5)*numberHeight
			c.FillText(text(Ink, draw.XCenter, draw.YCenter), vg.Point{X: at.X, Y: above}, number)
		}
		s.note(at, s.attackerText(r, i))
	}
}

// attackerText returns the share of the attacker at a position in words.
func (s Strip) attackerText(r StripRow, i int) string {
	axis, images := Axis{Share: true}, 0
	if i < len(r.Each) {
		images = r.Each[i]
	}
	words := fmt.Sprintf("%s, attacker %d: %s %s %%", r.Label, r.IDs[i], s.Label, axis.numberOf(r.Shares[i], images))
	if ci := r.bar(i).text(axis, images); ci != "" {
		words += " (95 % CI " + ci + ")"
	}
	return words
}

// drawMean draws the mean of a row at a height, on its interval, and the paper's.
func (s plottedStrip) drawMean(c draw.Canvas, r StripRow, x func(float64) vg.Length, middle vg.Length) {
	axis := Axis{Share: true}
	if !math.IsNaN(r.Mean) && r.CI.drawn() {
		c.StrokeLine2(draw.LineStyle{Color: Band.colour(), Width: rowMean - 2}, x(math.Max(0, r.CI.Low)), middle, x(math.Min(1, r.CI.High)), middle)
	}
	if !math.IsNaN(r.Mean) {
		c.StrokeLine2(line(series[1], 1.5*thick), x(r.Mean), middle-rowMean/2, x(r.Mean), middle+rowMean/2)
		words := fmt.Sprintf("%s, mean: %s %s %%", r.Label, s.Label, axis.numberOf(r.Mean, r.Images))
		if ci := r.CI.text(axis, r.Images); ci != "" {
			words += " (95 % CI " + ci + ")"
		}
		s.note(vg.Point{X: x(r.Mean), Y: middle}, words)
	}
	if !math.IsNaN(r.Paper) {
		c.DrawGlyphNoClip(paperMark(), vg.Point{X: x(r.Paper), Y: middle})
		s.note(vg.Point{X: x(r.Paper), Y: middle}, fmt.Sprintf("%s, paper's mean: %s %s %%", r.Label, s.Label, axis.numberOf(r.Paper, 0)))
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
