package figures

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// PhaseMap draws a quantity over the number of poisoned images per attacker k, on a
// logarithmic axis from left to right, and the number of attackers N, from bottom to top:
// with hatched cells, the contour of 50 % success with its band, and published figures at
// their places.
type PhaseMap struct {
	Name, Title, Caption string
	// Quantity names the values of the cells, such as "success" or "interference".
	Quantity string
	// Signed marks values as differences in [-1, 1], shown in points; otherwise they are
	// shares in [0, 1].
	Signed  bool
	Cells   []MapCell
	Contour []MapContour
	Points  []MapPoint
}

// MapCell is a cell of a PhaseMap.
type MapCell struct {
	N, K  int     // at least 1
	Value float64 // NaN: undefined
	// Undecided hatches the cell.
	Undecided bool
	// Seeds is the number of seeds behind the value, for its text.
	Seeds int
}

// MapContour is where the curve of one N passes 50 % success.
type MapContour struct {
	N int
	// K is the place; NaN draws none. Band extends to both sides of it. A limit at or
	// beyond the cells of N is drawn at their edge.
	K    float64
	Band Bar
	// Beyond is shown, if K is NaN, instead of the place in the texts, such as "above 384".
	Beyond string
}

// MapPoint is a published figure.
type MapPoint struct {
	N      int
	K      float64
	Value  float64 // as those of the cells
	Source string
}

// Sizes of a phase map, in points.
const (
	mapRow    vg.Length = 15 // least height of a row
	pointLine vg.Length = 8  // height of a published figure in a row
	hatchGap  vg.Length = 4
	halo      vg.Length = 3 * thick
)

// Figure returns the figure of the map. The error wraps ErrEmpty if there are no cells.
func (m PhaseMap) Figure() (*Figure, error) {
	if len(m.Cells) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", m.Name, ErrEmpty)
	}
	h := m.header()
	return &Figure{
		Name: m.Name, Title: m.Title, Caption: m.Caption, Values: m.values(),
		layOut: func(width vg.Length) sketch {
			l := m.layOut(width)
			return sketch{h.height(width) + headerLine + l.height() + 2*headerLine + 2*headerLine, func(c draw.Canvas, note noter) error {
				h.draw(c)
				m.draw(c, l, c.Max.Y-h.height(width), note)
				return nil
			}}
		},
	}, nil
}

// number formats a value in the unit.
func (m PhaseMap) number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case m.Signed && math.Round(100*v) != 0:
		return strings.Replace(fmt.Sprintf("%+.0f", 100*v), "-", "−", 1)
	default:
		return fmt.Sprintf("%.0f", math.Abs(100*v))
	}
}

// header returns the legend of the signs that occur.
func (m PhaseMap) header() header {
	h := header{label: withUnit(m.Quantity, m.Signed)}
	if slices.ContainsFunc(m.Contour, func(c MapContour) bool { return !math.IsNaN(c.K) }) {
		h.entries = append(h.entries, legendEntry{name: "50 % success", line: line(Ink, 1.5*thick)})
	}
	if slices.ContainsFunc(m.Contour, func(c MapContour) bool { return !math.IsNaN(c.K) && c.Band.drawn() }) {
		h.entries = append(h.entries, legendEntry{name: "95 % band", line: bandLine()})
	}
	if slices.ContainsFunc(m.Cells, func(c MapCell) bool { return c.Undecided }) {
		h.entries = append(h.entries, legendEntry{name: "undecided", glyph: draw.GlyphStyle{Color: Ink.colour(), Radius: 4, Shape: hatched{}}})
	}
	for i, source := range m.sources() {
		h.entries = append(h.entries, legendEntry{name: source, glyph: sourceMark(i)})
	}
	return h
}

// bandLine returns the line of the limits of the contour's band.
func bandLine() draw.LineStyle {
	s := line(Ink, 2*thin)
	s.Dashes = []vg.Length{2, 1.5}
	return s
}

// sources returns the sources of the points, in their order.
func (m PhaseMap) sources() []string {
	var all []string
	for _, p := range m.Points {
		if !slices.Contains(all, p.Source) {
			all = append(all, p.Source)
		}
	}
	return all
}

// sourceMark returns the marker of the source at a position: that of the paper first.
func sourceMark(i int) draw.GlyphStyle {
	shapes := []draw.GlyphDrawer{diamond{}, draw.RingGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{}, draw.SquareGlyph{}, draw.PlusGlyph{}}
	return draw.GlyphStyle{Color: series[4].colour(), Radius: 2.2, Shape: shapes[i%len(shapes)]}
}

// values returns the table of cells, contour and points.
func (m PhaseMap) values() Values {
	v := Values{Heads: []string{"cell", "value", "seeds", "50 % success", "95 % band of k", "source"}}
	v.Heads[1] = withUnit(m.Quantity, m.Signed)
	k := func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
	for _, c := range m.Cells {
		standing, seeds := "", ""
		if c.Undecided {
			standing = "undecided"
		}
		if c.Seeds > 0 {
			seeds = strconv.Itoa(c.Seeds)
		}
		v.Rows = append(v.Rows, []string{fmt.Sprintf("N = %d, k = %d", c.N, c.K), m.number(c.Value), seeds, standing, "", ""})
	}
	for _, c := range m.Contour {
		at, limits := c.Beyond, ""
		if !math.IsNaN(c.K) {
			at = "at k = " + k(c.K)
		}
		if c.Band.drawn() {
			limits = m.limit(c.N, c.Band.Low) + " to " + m.limit(c.N, c.Band.High)
		}
		v.Rows = append(v.Rows, []string{fmt.Sprintf("N = %d", c.N), "", "", at, limits, ""})
	}
	for _, p := range m.Points {
		v.Rows = append(v.Rows, []string{fmt.Sprintf("N = %d, k = %s", p.N, k(p.K)), m.number(p.Value), "", "", "", p.Source})
	}
	return v
}

// limit formats a limit of the band of N, in words where it lies beyond the cells.
func (m PhaseMap) limit(n int, v float64) string {
	low, high := m.played(n)
	switch {
	case v < low:
		return fmt.Sprintf("below %g", low)
	case v > high:
		return fmt.Sprintf("above %g", high)
	default:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
}

// played returns the smallest and the largest k of the cells of N.
func (m PhaseMap) played(n int) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, c := range m.Cells {
		if c.N == n {
			low, high = min(low, float64(c.K)), max(high, float64(c.K))
		}
	}
	return low, high
}

// mapLayout holds the places of a map: its rows from bottom to top, and its axis of k.
type mapLayout struct {
	ns        []int
	heights   []vg.Length
	ks        []int   // of the cells
	low, high float64 // log2 of the ends of the axis
	left      vg.Length
	width     vg.Length // of the drawing
}

// layOut computes the layout. A row is high enough for the figures at its fullest place.
func (m PhaseMap) layOut(width vg.Length) mapLayout {
	var l mapLayout
	l.left, l.width = 22, width
	for _, c := range m.Cells {
		l.ns, l.ks = append(l.ns, c.N), append(l.ks, c.K)
	}
	for _, p := range m.Points {
		l.ns = append(l.ns, p.N)
	}
	slices.Sort(l.ns)
	slices.Sort(l.ks)
	l.ns, l.ks = slices.Compact(l.ns), slices.Compact(l.ks)
	l.low, l.high = l.edge(l.ks[0], -1), l.edge(l.ks[len(l.ks)-1], +1)
	for _, p := range m.Points {
		l.low, l.high = min(l.low, math.Log2(p.K)-0.4), max(l.high, math.Log2(p.K)+0.4)
	}
	for _, n := range l.ns {
		at := map[float64]int{}
		most := 0
		for _, p := range m.Points {
			if p.N == n {
				at[p.K]++
				most = max(most, at[p.K])
			}
		}
		l.heights = append(l.heights, mapRow+vg.Length(most)*pointLine)
	}
	return l
}

// edge returns log2 of the border between the cells at a k and the next k on a side.
func (l mapLayout) edge(k, side int) float64 {
	i := slices.Index(l.ks, k)
	at := math.Log2(float64(k))
	half := 0.5 // without a neighbour
	switch next := i + side; {
	case next >= 0 && next < len(l.ks):
		half = math.Abs(math.Log2(float64(l.ks[next]))-at) / 2
	case i-side >= 0 && i-side < len(l.ks):
		half = math.Abs(math.Log2(float64(l.ks[i-side]))-at) / 2
	}
	return at + float64(side)*half
}

// height returns the height of all rows.
func (l mapLayout) height() vg.Length {
	sum := vg.Length(0)
	for _, h := range l.heights {
		sum += h
	}
	return sum
}

// x returns the place of log2 k, from the left end of the canvas.
func (l mapLayout) x(log float64) vg.Length {
	return l.left + (l.width-l.left-edge)*vg.Length((log-l.low)/(l.high-l.low))
}

// row returns the bottom and the top of the row of N above the bottom of the rows.
func (l mapLayout) row(n int) (bottom, top vg.Length) {
	for i, own := range l.ns {
		top = bottom + l.heights[i]
		if own == n {
			return bottom, top
		}
		bottom = top
	}
	return bottom, top
}

// at returns the published figures of N by ascending k.
func (m PhaseMap) at(n int) []MapPoint {
	points := slices.DeleteFunc(slices.Clone(m.Points), func(p MapPoint) bool { return p.N != n })
	slices.SortStableFunc(points, func(a, b MapPoint) int { return cmp.Compare(a.K, b.K) })
	return points
}

// withUnit returns the name of a quantity with its unit: points for differences, which have a sign, and percent
// for shares.
func withUnit(quantity string, signed bool) string {
	if signed {
		return quantity + ", points"
	}
	return quantity + ", %"
}
