package figures

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Dumbbell draws what the others do to each attacker: its share alone, its share among the
// others, and a line from one to the other.
type Dumbbell struct {
	Name, Title, Caption string
	Label                string // of the axis
	Alone, Among         string // names of the two games
	Rows                 []DumbbellRow
	// Mean is the row of the means, which is drawn above the others; nil: none.
	Mean *DumbbellRow
}

// DumbbellRow is one attacker. Shares are in [0, 1]; NaN is not drawn.
type DumbbellRow struct {
	Label                string
	Alone, Among         float64
	AloneCI, AmongCI     Bar
	Base                 float64 // share without the trigger
	Paper                float64 // the paper's share among the others
	AloneImages, AmongOf int     // behind the shares, for the decimals of their texts; 0: not known
}

// mostDumbbells is the largest number of attackers that are drawn; of more, as many are drawn at
// equal distances in the order of their change.
const mostDumbbells = 24

// Sizes of a dumbbell, in points.
const (
	dumbbellRow  vg.Length = 15
	dumbbellMark vg.Length = 3.6
	dumbbellGap  vg.Length = 6 // between the mean and the attackers
)

// change returns the share among the others minus the share alone.
func (r DumbbellRow) change() float64 { return r.Among - r.Alone }

// shown returns the rows that are drawn.
func (d Dumbbell) shown() []DumbbellRow {
	if len(d.Rows) <= mostDumbbells {
		return d.Rows
	}
	sorted := slices.Clone(d.Rows)
	slices.SortStableFunc(sorted, func(a, b DumbbellRow) int { return cmp.Compare(a.change(), b.change()) })
	rows := make([]DumbbellRow, mostDumbbells)
	for i := range rows {
		rows[i] = sorted[i*(len(sorted)-1)/(mostDumbbells-1)]
	}
	return rows
}

// Figure returns the figure of the dumbbells. The error wraps ErrEmpty if there are no rows.
func (d Dumbbell) Figure() (*Figure, error) {
	if len(d.Rows) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", d.Name, ErrEmpty)
	}
	const axis = 26 // height of the ticks and the label of the x axis
	h, rows := d.header(), d.shown()
	caption := d.Caption
	if len(rows) < len(d.Rows) {
		caption += fmt.Sprintf(" %d of %d attackers are drawn, at equal distances in the order of their change.", len(rows), len(d.Rows))
	}
	all := slices.Clone(d.Rows)
	if d.Mean != nil {
		all = append(all, *d.Mean)
	}
	return &Figure{
		Name: d.Name, Title: d.Title, Caption: caption, Values: d.values(all),
		layOut: func(width vg.Length) sketch {
			total := h.height(width) + axis + vg.Length(len(rows))*dumbbellRow
			if d.Mean != nil {
				total += dumbbellRow + dumbbellGap
			}
			return sketch{total, func(c draw.Canvas, note noter) error {
				h.draw(c)
				left := d.labelWidth(width)
				p := newPlot()
				p.X.Label.Text = Axis{Label: d.Label, Share: true}.unit()
				p.X.Min, p.X.Max = 0, 1
				p.X.Tick.Marker = Axis{Share: true, Whole: true}.ticks(nil)
				p.X.Padding, p.Y.Padding = 0, 0
				p.HideY()
				p.Add(plottedDumbbell{d, rows, left, note})
				p.Draw(draw.Crop(c, left, -2*edge, 1, -h.height(width)))
				return nil
			}}
		},
	}, nil
}

// labelWidth returns the room for the rows' labels in a drawing of a width.
func (d Dumbbell) labelWidth(width vg.Length) vg.Length {
	style, widest := text(Ink, draw.XRight, draw.YCenter), vg.Length(0)
	for _, r := range d.shown() {
		widest = max(widest, style.Width(r.Label))
	}
	if d.Mean != nil {
		widest = max(widest, style.Width(d.Mean.Label))
	}
	return min(fontSlack*widest+8, width/3)
}

// values returns the table of rows.
func (d Dumbbell) values(rows []DumbbellRow) Values {
	v := Values{Heads: []string{"attacker", d.Alone + ", %", "95 % CI", d.Among + ", %", "95 % CI", "change, points", "base rate, %", "paper, %"}}
	share, points := Axis{Share: true}, Axis{Share: true, Points: true}
	for _, r := range rows {
		v.Rows = append(v.Rows, []string{
			r.Label, share.numberOf(r.Alone, r.AloneImages), r.AloneCI.text(share, r.AloneImages),
			share.numberOf(r.Among, r.AmongOf), r.AmongCI.text(share, r.AmongOf),
			points.numberOf(r.change(), min(r.AloneImages, r.AmongOf)), orEmpty(share, r.Base, r.AmongOf), orEmpty(share, r.Paper, 0),
		})
	}
	return v.withoutEmpty()
}

// withoutEmpty returns the table without columns in which all rows are empty.
func (v Values) withoutEmpty() Values {
	kept := Values{Rows: make([][]string, len(v.Rows))}
	for at, head := range v.Heads {
		if !slices.ContainsFunc(v.Rows, func(row []string) bool { return row[at] != "" }) {
			continue
		}
		kept.Heads = append(kept.Heads, head)
		for i, row := range v.Rows {
			kept.Rows[i] = append(kept.Rows[i], row[at])
		}
	}
	return kept
}

// header returns the legend of the signs that occur.
func (d Dumbbell) header() header {
	all := slices.Clone(d.Rows)
	if d.Mean != nil {
		all = append(all, *d.Mean)
	}
	has := func(of func(DumbbellRow) float64) bool {
		return slices.ContainsFunc(all, func(r DumbbellRow) bool { return !math.IsNaN(of(r)) })
	}
	h := header{entries: []legendEntry{
		{name: d.Alone, glyph: dumbbellGlyph(false)}, {name: d.Among, glyph: dumbbellGlyph(true)},
	}}
	if has(func(r DumbbellRow) float64 { return r.Base }) {
		h.entries = append(h.entries, legendEntry{name: "base rate", glyph: baseMark()})
	}
	if slices.ContainsFunc(all, func(r DumbbellRow) bool { return r.AloneCI.drawn() || r.AmongCI.drawn() }) {
		h.entries = append(h.entries, legendEntry{name: "95 % CI", line: draw.LineStyle{Color: Band.colour(), Width: 2 * thick}})
	}
	if has(func(r DumbbellRow) float64 { return r.Paper }) {
		h.entries = append(h.entries, legendEntry{name: "paper, among", glyph: paperMark()})
	}
	return h
}

// dumbbellGlyph returns the marker of an attacker, open alone and filled among the others.
func dumbbellGlyph(among bool) draw.GlyphStyle {
	g := draw.GlyphStyle{Color: series[0].colour(), Radius: dumbbellMark, Shape: ring{}}
	if among {
		g.Shape = draw.CircleGlyph{}
	}
	return g
}

// ring is the glyph of an open circle that stays visible in a small drawing.
type ring struct{}

// DrawGlyph draws the ring.
func (ring) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, at vg.Point) {
	corners := circle(at, sty.Radius-thick/2)
	c.StrokeLines(draw.LineStyle{Color: sty.Color, Width: thick}, append(corners, corners[0]))
}

// baseMark returns the marker of a base rate.
func baseMark() draw.GlyphStyle {
	return draw.GlyphStyle{Color: Quiet.colour(), Radius: dumbbellMark, Shape: verticalBar{}}
}

// changeLine returns the line from alone to among: orange and dashed for a loss, blue for a gain.
func changeLine(change float64) draw.LineStyle {
	if change < 0 {
		s := line(series[1], 1.5*thick)
		s.Dashes = []vg.Length{4, 1.5}
		return s
	}
	return line(series[0], 1.5*thick)
}

// plottedDumbbell draws the rows of a dumbbell.
type plottedDumbbell struct {
	Dumbbell
	rows []DumbbellRow
	left vg.Length // room for the labels
	note noter
}

// Plot draws the mean, then the attackers, the first at the top.
func (d plottedDumbbell) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	for _, tick := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		c.StrokeLine2(line(Grid, thin), x(tick.Value), c.Min.Y, x(tick.Value), c.Max.Y)
	}
	y := c.Max.Y - dumbbellRow/2
	if d.Mean != nil {
		d.drawRow(c, *d.Mean, x, y)
		y -= dumbbellRow + dumbbellGap
		c.StrokeLine2(line(Grid, thin), c.Min.X, y+(dumbbellRow+dumbbellGap)/2, c.Max.X, y+(dumbbellRow+dumbbellGap)/2)
	}
	for _, r := range d.rows {
		d.drawRow(c, r, x, y)
		y -= dumbbellRow
	}
}

// drawRow draws a row at a height. The interval alone lies above that among the others.
func (d plottedDumbbell) drawRow(c draw.Canvas, r DumbbellRow, x func(float64) vg.Length, y vg.Length) {
	const apart = 3.4
	c.FillText(text(Ink, draw.XRight, draw.YCenter), vg.Point{X: c.Min.X - 6, Y: y}, shorten(r.Label, d.left-6))
	for _, interval := range []struct {
		of Bar
		y  vg.Length
	}{{r.AloneCI, y + apart}, {r.AmongCI, y - apart}} {
		if interval.of.drawn() {
			c.StrokeLine2(line(Band, thick), x(max(0, interval.of.Low)), interval.y, x(min(1, interval.of.High)), interval.y)
		}
	}
	share := Axis{Share: true}
	say := func(value float64, images int, ci Bar, name string, glyph draw.GlyphStyle) {
		if math.IsNaN(value) {
			return
		}
		at := vg.Point{X: x(value), Y: y}
		c.DrawGlyphNoClip(glyph, at)
		words := fmt.Sprintf("%s, %s: %s %%", r.Label, name, share.numberOf(value, images))
		if interval := ci.text(share, images); interval != "" {
			words += " (95 % CI " + interval + ")"
		}
		d.note(at, words)
	}
	say(r.Base, r.AmongOf, Bar{}, "base rate", baseMark())
	say(r.Paper, 0, Bar{}, "in the paper, among the others", paperMark())
	if !math.IsNaN(r.Alone) && !math.IsNaN(r.Among) {
		c.StrokeLine2(changeLine(r.change()), x(r.Alone), y, x(r.Among), y)
	}
	if !math.IsNaN(r.Alone) {
		c.FillPolygon(Paper.colour(), circle(vg.Point{X: x(r.Alone), Y: y}, dumbbellMark))
	}
	say(r.Alone, r.AloneImages, r.AloneCI, d.Alone, dumbbellGlyph(false))
	say(r.Among, r.AmongOf, r.AmongCI, d.Among, dumbbellGlyph(true))
}
