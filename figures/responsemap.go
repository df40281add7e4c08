package figures

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ResponseMap draws the profiles of a symmetric game at their places and an arrow for each
// best response. With two strategies the places lie on a line, with three in a triangle, and
// with more in an irregular polygon: each strategy is a corner, and a profile lies at the mean
// of its players' corners.
type ResponseMap struct {
	Name, Title, Caption string
	Strategies           []string
	Profiles             []MapProfile
	Arrows               []Arrow
}

// MapProfile is a profile of a ResponseMap.
type MapProfile struct {
	Name   string
	Counts []int // of the players by strategy
	// Marked draws a filled sign: the profile is an equilibrium.
	Marked bool
}

// Arrow is a best response from one profile to another, by their positions in the list.
type Arrow struct {
	From, To int
	Gain     float64 // as a share
}

// Sizes of a response map, in points.
const (
	mapRadius vg.Length = 92
	mapMargin vg.Length = 26
	lineMap   vg.Length = 74 // height of a map of two strategies
	arrowHead vg.Length = 5
)

// Figure returns the figure of the map. The error wraps ErrEmpty without profiles or with
// fewer than two strategies.
func (m ResponseMap) Figure() (*Figure, error) {
	if len(m.Profiles) == 0 || len(m.Strategies) < 2 {
		return nil, fmt.Errorf("figures: %s: %w", m.Name, ErrEmpty)
	}
	values := Values{Heads: []string{"profile", "equilibrium", "best responses"}}
	for i, p := range m.Profiles {
		texts := []string{p.Name, "no", ""}
		if p.Marked {
			texts[1] = "yes"
		}
		for _, a := range m.Arrows {
			if a.From != i {
				continue
			}
			if texts[2] != "" {
				texts[2] += "; "
			}
			texts[2] += "to " + m.Profiles[a.To].Name + ", gaining " + inPoints(a.Gain) + " points"
		}
		values.Rows = append(values.Rows, texts)
	}
	h := 2*mapRadius + 2*mapMargin
	if len(m.Strategies) == 2 {
		h = lineMap
	}
	return &Figure{
		Name: m.Name, Title: m.Title, Caption: m.Caption, Values: values,
		layOut: func(vg.Length) sketch {
			return sketch{h, func(c draw.Canvas, note noter) error {
				m.draw(c, note)
				return nil
			}}
		},
	}, nil
}

// corners returns the places of the strategies around the origin, in units of the radius.
// From four on their angles are irregular, so that few means coincide.
func (m ResponseMap) corners() []vg.Point {
	n := len(m.Strategies)
	if n == 2 {
		return []vg.Point{{X: -1}, {X: 1}}
	}
	var all []vg.Point
	for i := range n {
		turn := float64(i) / float64(n)
		if n > 3 {
			turn += 0.035 * float64(i*i%5)
		}
		angle := math.Pi/2 - 2*math.Pi*turn
		all = append(all, vg.Point{X: vg.Length(math.Cos(angle)), Y: vg.Length(math.Sin(angle))})
	}
	return all
}

// places returns the places of the profiles on the canvas.
func (m ResponseMap) places(c draw.Canvas) []vg.Point {
	centre := vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: (c.Min.Y + c.Max.Y) / 2}
	radius := vg.Point{X: mapRadius, Y: mapRadius}
	if len(m.Strategies) == 2 {
		radius.X = (c.Max.X-c.Min.X)/2 - mapMargin
	}
	corners := m.corners()
	var all []vg.Point
	for _, p := range m.Profiles {
		at, total := vg.Point{}, 0
		for s, count := range p.Counts {
			at.X, at.Y, total = at.X+vg.Length(count)*corners[s].X, at.Y+vg.Length(count)*corners[s].Y, total+count
		}
		n := vg.Length(max(1, total))
		all = append(all, vg.Point{X: centre.X + radius.X*at.X/n, Y: centre.Y + radius.Y*at.Y/n})
	}
	return all
}

// draw draws the map.
func (m ResponseMap) draw(c draw.Canvas, note noter) {
	places := m.places(c)
	for i, a := range m.Arrows {
		back := slices.ContainsFunc(m.Arrows[:i], func(b Arrow) bool { return b.From == a.To && b.To == a.From })
		arrow(c, places[a.From], places[a.To], back)
	}
	for i, p := range m.Profiles {
		sign := glyph(0)
		if !p.Marked {
			sign.Shape = draw.RingGlyph{}
		}
		c.DrawGlyphNoClip(sign, places[i])
		note(places[i], p.Name)
		name := ""
		for s, count := range p.Counts {
			if slices.Max(p.Counts) == count && slices.Index(p.Counts, count) == s && sum(p.Counts) == count {
				name = "all " + m.Strategies[s]
			}
		}
		if name == "" && len(m.Profiles) <= 2*maxLabelled {
			for s, count := range p.Counts {
				if s > 0 {
					name += ","
				}
				name += strconv.Itoa(count)
			}
		}
		m.label(c, places[i], name)
	}
}

// sum returns the sum of counts.
func sum(counts []int) int {
	total := 0
	for _, count := range counts {
		total += count
	}
	return total
}

// label writes the name of a profile below its place, or above it in the upper half of a map.
func (m ResponseMap) label(c draw.Canvas, at vg.Point, name string) {
	down := vg.Length(-9)
	if len(m.Strategies) > 2 && at.Y > (c.Min.Y+c.Max.Y)/2 {
		down = 9
	}
	style := text(Ink, draw.XCenter, draw.YCenter)
	w := style.Width(name) / 2
	x := min(max(at.X, c.Min.X+w), c.Max.X-w)
	c.FillText(style, vg.Point{X: x, Y: at.Y + down}, name)
}

// arrow draws an arrow between two places that ends short of both; raised draws it to the
// side, so that it is told from one in the opposite direction.
func arrow(c draw.Canvas, from, to vg.Point, raised bool) {
	dx, dy := to.X-from.X, to.Y-from.Y
	length := vg.Length(math.Hypot(float64(dx), float64(dy)))
	if length < 4*markSize {
		return
	}
	dx, dy = dx/length, dy/length
	if raised {
		from.X, from.Y, to.X, to.Y = from.X-3*dy, from.Y+3*dx, to.X-3*dy, to.Y+3*dx
	}
	from = vg.Point{X: from.X + 2*markSize*dx, Y: from.Y + 2*markSize*dy}
	to = vg.Point{X: to.X - 2*markSize*dx, Y: to.Y - 2*markSize*dy}
	style := line(Quiet, 2*thin)
	c.StrokeLine2(style, from.X, from.Y, to.X, to.Y)
	wing := func(side vg.Length) vg.Point {
		return vg.Point{X: to.X - arrowHead*dx - side*dy, Y: to.Y - arrowHead*dy + side*dx}
	}
	c.FillPolygon(Quiet.colour(), []vg.Point{to, wing(arrowHead / 2), wing(-arrowHead / 2)})
}
