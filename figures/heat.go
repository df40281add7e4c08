package figures

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Heat is a matrix of shares: rows from top to bottom, columns from left to
// right.
type Heat struct {
	Name, Title, Caption  string
	RowLabel, ColumnLabel string // what rows and columns are
	Rows, Columns         []string
	Shares                [][]float64 // in [0, 1]; NaN: there is none
}

// Of a heat map.
const (
	mostWritten           = 12 // rows or columns up to which the shares are written into the map
	largestCell vg.Length = 26
	keyCell     vg.Length = 14 // of the key to the colours
)

// Figure lays the map out. The error wraps ErrEmpty where there is no share.
func (h Heat) Figure() (*Figure, error) {
	if len(h.Rows) == 0 || len(h.Columns) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", h.Name, ErrEmpty)
	}
	values := h.values()
	left, cell := h.measure()
	return &Figure{
		Name: h.Name, Title: h.Title, Caption: h.Caption, Values: values,
		width: width, height: 3*headLine + cell.Y*vg.Length(len(h.Rows)) + 2*headLine,
		draw: func(c draw.Canvas) error {
			h.draw(c, left, cell)
			return nil
		},
	}, nil
}

// values are the shares; of a map without room for texts, what there is to say of
// each row: nobody reads, or listens to, ten thousand numbers.
func (h Heat) values() Values {
	number := Axis{Share: true}.number
	if h.written() {
		values := Values{Heads: append([]string{h.RowLabel}, h.Columns...)}
		for i, row := range h.Shares {
			texts := []string{h.Rows[i]}
			for _, v := range row {
				texts = append(texts, number(v))
			}
			values.Rows = append(values.Rows, texts)
		}
		return values
	}
	values := Values{Heads: []string{h.RowLabel, "mean", "lowest", "highest"}}
	square := len(h.Rows) == len(h.Columns)
	if square {
		values.Heads = slices.Insert(values.Heads, 1, "own")
	}
	for i, row := range h.Shares {
		known := slices.DeleteFunc(slices.Clone(row), math.IsNaN)
		texts := []string{h.Rows[i], "", "", ""}
		if len(known) > 0 {
			texts = []string{h.Rows[i], number(floats.Sum(known) / float64(len(known))), number(slices.Min(known)), number(slices.Max(known))}
		}
		if square {
			texts = slices.Insert(texts, 1, number(row[i]))
		}
		values.Rows = append(values.Rows, texts)
	}
	return values
}

// written reports whether the map has room for texts.
func (h Heat) written() bool { return max(len(h.Rows), len(h.Columns)) <= mostWritten }

// measure returns the width of the rows' labels and the size of a cell.
func (h Heat) measure() (vg.Length, vg.Point) {
	left := vg.Length(headLine)
	if h.written() {
		for _, name := range h.Rows {
			left = max(left, headLine+text(Ink, draw.XRight, draw.YCenter).Width(name)+4)
		}
	}
	w := min((width-left)/vg.Length(len(h.Columns)), 2*largestCell)
	return left, vg.Point{X: w, Y: min(w, largestCell)}
}

// level is the colour of a share.
func level(share float64) int {
	return max(0, min(len(heat)-1, int(math.Round(share*float64(len(heat)-1)))))
}

// onLevel is the colour of a text on a level.
func onLevel(level int) Colour {
	if level > len(heat)/2 {
		return Paper
	}
	return Ink
}

// draw draws the map, one path for each level so that large maps stay small
// files.
func (h Heat) draw(c draw.Canvas, left vg.Length, cell vg.Point) {
	top := c.Max.Y - 3*headLine
	c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: c.Max.Y - headLine/2}, h.RowLabel+" ↓")
	c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X + left, Y: c.Max.Y - headLine*3/2}, h.ColumnLabel+" →")
	paths := make([]vg.Path, len(heat))
	at := func(i, j int) vg.Point {
		return vg.Point{X: c.Min.X + left + vg.Length(j)*cell.X, Y: top - vg.Length(i+1)*cell.Y}
	}
	for i, row := range h.Shares {
		for j, share := range row {
			if math.IsNaN(share) {
				continue
			}
			path := &paths[level(share)]
			corner := at(i, j)
			path.Move(corner)
			path.Line(vg.Point{X: corner.X + cell.X, Y: corner.Y})
			path.Line(vg.Point{X: corner.X + cell.X, Y: corner.Y + cell.Y})
			path.Line(vg.Point{X: corner.X, Y: corner.Y + cell.Y})
			path.Close()
		}
	}
	for i, path := range paths {
		if len(path) > 0 {
			c.SetColor(heat[i].colour())
			c.Fill(path)
		}
	}
	if h.written() {
		h.write(c, cell, at, top)
	}
	h.key(c, top-vg.Length(len(h.Rows))*cell.Y)
}

// write writes labels and shares.
func (h Heat) write(c draw.Canvas, cell vg.Point, at func(i, j int) vg.Point, top vg.Length) {
	for i, name := range h.Rows {
		corner := at(i, 0)
		c.FillText(text(Ink, draw.XRight, draw.YCenter), vg.Point{X: corner.X - 4, Y: corner.Y + cell.Y/2}, name)
	}
	for j, name := range h.Columns {
		name = shorten(name, cell.X-2)
		c.FillText(text(Ink, draw.XCenter, draw.YCenter), vg.Point{X: at(0, j).X + cell.X/2, Y: top + headLine/2}, name)
	}
	for i, row := range h.Shares {
		for j, share := range row {
			if math.IsNaN(share) {
				continue
			}
			corner := at(i, j)
			c.FillText(text(onLevel(level(share)), draw.XCenter, draw.YCenter),
				vg.Point{X: corner.X + cell.X/2, Y: corner.Y + cell.Y/2}, fmt.Sprintf("%.0f", 100*share))
		}
	}
}

// shorten cuts a text to a width.
func shorten(name string, width vg.Length) string {
	style := text(Ink, draw.XCenter, draw.YCenter)
	if style.Width(name) <= width {
		return name
	}
	runes := []rune(name)
	for len(runes) > 1 && style.Width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// key explains the colours.
func (h Heat) key(c draw.Canvas, bottom vg.Length) {
	y := bottom - headLine
	x := c.Min.X + textSize*2
	c.FillText(text(Quiet, draw.XRight, draw.YCenter), vg.Point{X: x - 3, Y: y - headLine/3}, "0")
	for _, colour := range heat {
		c.FillPolygon(colour.colour(), []vg.Point{{X: x, Y: y}, {X: x + keyCell, Y: y}, {X: x + keyCell, Y: y - headLine*2/3}, {X: x, Y: y - headLine*2/3}})
		x += keyCell
	}
	c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: x + 3, Y: y - headLine/3}, "100 %")
}
