package figures

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Heat draws a matrix of shares: rows from top to bottom, columns from left to
// right.
type Heat struct {
	Name, Title, Caption  string
	RowLabel, ColumnLabel string      // names of the two dimensions
	Rows, Columns         []string    // names of the rows and columns
	Shares                [][]float64 // by row and column, in [0, 1]; NaN if undefined
	Images                int         // behind the share of the fewest, for the decimals of texts; 0: not known
}

// maxLabelled is the largest number of rows or columns at which the shares are
// written into the map.
const maxLabelled = 12

// Sizes of a heat map, in points.
const (
	largestCell vg.Length = 26
	keyCell     vg.Length = 14 // width of a colour in the key
)

// Figure returns the figure of the map. The error wraps ErrEmpty if there are no
// rows or no columns.
func (h Heat) Figure() (*Figure, error) {
	if len(h.Rows) == 0 || len(h.Columns) == 0 {
		return nil, fmt.Errorf("figures: %s: %w", h.Name, ErrEmpty)
	}
	values := h.values()
	return &Figure{
		Name: h.Name, Title: h.Title, Caption: h.Caption, Values: values,
		layOut: func(width vg.Length) sketch {
			left, cell := h.measure(width)
			return sketch{3*headerLine + cell.Y*vg.Length(len(h.Rows)) + 2*headerLine, func(c draw.Canvas, note noter) error {
				h.draw(c, left, cell, note)
				return nil
			}}
		},
	}, nil
}

// values returns the table of the shares. For a map too large for numbers it is a
// summary of each row, since ten thousand numbers are too many to read or hear.
func (h Heat) values() Values {
	number := func(share float64) string { return Axis{Share: true}.numberOf(share, h.Images) }
	if h.labelled() {
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
		defined := slices.DeleteFunc(slices.Clone(row), math.IsNaN)
		texts := []string{h.Rows[i], "", "", ""}
		if len(defined) > 0 {
			texts = []string{h.Rows[i], number(floats.Sum(defined) / float64(len(defined))), number(slices.Min(defined)), number(slices.Max(defined))}
		}
		if square {
			texts = slices.Insert(texts, 1, number(row[i]))
		}
		values.Rows = append(values.Rows, texts)
	}
	return values
}

// labelled reports whether the map has room for numbers and names.
func (h Heat) labelled() bool { return max(len(h.Rows), len(h.Columns)) <= maxLabelled }

// measure returns the width of the rows' names and the size of a cell.
func (h Heat) measure(width vg.Length) (vg.Length, vg.Point) {
	left := vg.Length(headerLine)
	if h.labelled() {
		for _, name := range h.Rows {
			left = max(left, headerLine+text(Ink, draw.XRight, draw.YCenter).Width(name)+4)
		}
	}
	w := min((width-left)/vg.Length(len(h.Columns)), 2*largestCell)
	return left, vg.Point{X: w, Y: min(w, largestCell)}
}

// level returns the position in heat of a share's colour.
func level(share float64) int {
	return max(0, min(len(heat)-1, int(math.Round(share*float64(len(heat)-1)))))
}

// textColour returns the colour of a text on the colour of a level.
func textColour(level int) Colour {
	if level > len(heat)/2 {
		return Paper
	}
	return Ink
}

// draw draws the map, with one path for each level so that the files of large maps
// stay small.
func (h Heat) draw(c draw.Canvas, left vg.Length, cell vg.Point, note noter) {
	top := c.Max.Y - 3*headerLine
	c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X, Y: c.Max.Y - headerLine/2}, h.RowLabel+" ↓")
	c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: c.Min.X + left, Y: c.Max.Y - headerLine*3/2}, h.ColumnLabel+" →")
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
			note(vg.Point{X: corner.X + cell.X/2, Y: corner.Y + cell.Y/2},
				fmt.Sprintf("%s %s, %s %s: %s %%", h.RowLabel, h.Rows[i], h.ColumnLabel, h.Columns[j], Axis{Share: true}.numberOf(share, h.Images)))
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
	if h.labelled() {
		h.drawLabels(c, cell, at, top)
	}
	h.drawKey(c, top-vg.Length(len(h.Rows))*cell.Y)
}

// drawLabels draws the names of rows and columns and the shares.
func (h Heat) drawLabels(c draw.Canvas, cell vg.Point, at func(i, j int) vg.Point, top vg.Length) {
	for i, name := range h.Rows {
		corner := at(i, 0)
		c.FillText(text(Ink, draw.XRight, draw.YCenter), vg.Point{X: corner.X - 4, Y: corner.Y + cell.Y/2}, name)
	}
	for j, name := range h.Columns {
		name = shorten(name, cell.X-2)
		c.FillText(text(Ink, draw.XCenter, draw.YCenter), vg.Point{X: at(0, j).X + cell.X/2, Y: top + headerLine/2}, name)
	}
	for i, row := range h.Shares {
		for j, share := range row {
			if math.IsNaN(share) {
				continue
			}
			corner := at(i, j)
			c.FillText(text(textColour(level(share)), draw.XCenter, draw.YCenter),
				vg.Point{X: corner.X + cell.X/2, Y: corner.Y + cell.Y/2}, fmt.Sprintf("%.0f", 100*share))
		}
	}
}

// shorten truncates a text to a width, with an ellipsis.
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

// drawKey draws the key to the colours.
func (h Heat) drawKey(c draw.Canvas, bottom vg.Length) {
	y := bottom - headerLine
	x := c.Min.X + textSize*2
	c.FillText(text(Quiet, draw.XRight, draw.YCenter), vg.Point{X: x - 3, Y: y - headerLine/3}, "0")
	for _, colour := range heat {
		c.FillPolygon(colour.colour(), []vg.Point{{X: x, Y: y}, {X: x + keyCell, Y: y}, {X: x + keyCell, Y: y - headerLine*2/3}, {X: x, Y: y - headerLine*2/3}})
		x += keyCell
	}
	c.FillText(text(Quiet, draw.XLeft, draw.YCenter), vg.Point{X: x + 3, Y: y - headerLine/3}, "100 %")
}
