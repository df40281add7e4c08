package figures

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Colour is a colour of the drawings, on light and on dark pages.
type Colour struct {
	Property    string // CSS custom property
	Light, Dark string // "#RRGGBB"
}

// The colours of everything but series and heat maps.
var (
	Ink   = Colour{"--fig-ink", "#1A1D21", "#E6E8EB"}
	Quiet = Colour{"--fig-quiet", "#5C6570", "#9AA4AF"} // axes and their numbers
	Grid  = Colour{"--fig-grid", "#DDE1E6", "#2E343B"}
	Band  = Colour{"--fig-band", "#C9D0D8", "#46505B"} // intervals
	Paper = Colour{"--fig-paper", "#FFFFFF", "#15181C"}
)

// series lists the colours of series, ordered so that neighbours differ in
// lightness.
var series = []Colour{
	{"--fig-s0", "#0B3C6F", "#7FB4EA"},
	{"--fig-s1", "#D9731A", "#F0A05A"},
	{"--fig-s2", "#5B2A86", "#C3A1E6"},
	{"--fig-s3", "#2FA37C", "#63D2AC"},
	{"--fig-s4", "#8C1C3A", "#EE86A2"},
	{"--fig-s5", "#6FA8DC", "#A9D0F5"},
}

// heat lists the colours of a heat map, from 0 to 100 %.
var heat = []Colour{
	{"--fig-h0", "#F6F8FA", "#1C2126"},
	{"--fig-h1", "#E2EAF2", "#1E2C3A"},
	{"--fig-h2", "#C9D9E8", "#203A50"},
	{"--fig-h3", "#ABC4DC", "#244A69"},
	{"--fig-h4", "#88ABCD", "#2C5D86"},
	{"--fig-h5", "#648FBA", "#3D76A6"},
	{"--fig-h6", "#4373A4", "#5B93C2"},
	{"--fig-h7", "#275888", "#84B2DA"},
	{"--fig-h8", "#0F3D69", "#B5D4EF"},
}

// loss lists the colours of negative differences in a map, from 0 to -100 points; those
// of positive ones are heat's.
var loss = []Colour{
	heat[0],
	{"--fig-l1", "#FBEBDD", "#2E241B"},
	{"--fig-l2", "#F6D8BE", "#42301F"},
	{"--fig-l3", "#EFC096", "#5A3D20"},
	{"--fig-l4", "#E4A469", "#754C20"},
	{"--fig-l5", "#D2863F", "#956126"},
	{"--fig-l6", "#B86A20", "#B67B38"},
	{"--fig-l7", "#935010", "#D59A58"},
	{"--fig-l8", "#6B3807", "#F2BE8A"},
}

// colours returns all colours.
func colours() []Colour {
	return slices.Concat([]Colour{Ink, Quiet, Grid, Band, Paper}, series, heat, loss[1:])
}

// InlineCSS is the rule for the texts of inline figures.
const InlineCSS = "svg.figure text{font:8px \"" + fontFamily + "\",Arial,Helvetica,sans-serif}"

// CSS returns the declarations of the colours' custom properties, for light or dark
// pages.
func CSS(dark bool) string {
	var text strings.Builder
	for _, c := range colours() {
		value := c.Light
		if dark {
			value = c.Dark
		}
		fmt.Fprintf(&text, "%s:%s;", c.Property, value)
	}
	return text.String()
}

// colour returns the colour for files, which are made for white paper.
func (c Colour) colour() color.Color {
	out := color.NRGBA{A: 0xff}
	// This cannot fail: all colours above have six hexadecimal digits.
	_, _ = fmt.Sscanf(c.Light, "#%02x%02x%02x", &out.R, &out.G, &out.B)
	return out
}

// Sizes of all drawings, in points.
const (
	height   vg.Length = 190
	textSize vg.Length = 8
	thin     vg.Length = 0.6
	thick    vg.Length = 1.4
	markSize vg.Length = 2.8 // radius
)

// fontFamily is the font with which text is measured and set.
const fontFamily = "Liberation Sans"

// text returns the style of a text.
func text(c Colour, x draw.XAlignment, y draw.YAlignment) draw.TextStyle {
	return draw.TextStyle{
		Color: c.colour(), Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: textSize},
		XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler,
	}
}

// line returns a line style.
func line(c Colour, width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c.colour(), Width: width}
}

// dashes lists the dash patterns of series' lines.
var dashes = [][]vg.Length{nil, {5, 2.5}, {1.5, 1.8}, {7, 2, 1.5, 2}, {3, 1.5}, {9, 2.5}}

// glyphs lists the markers of series' points, filled and open ones.
var glyphs = []draw.GlyphDrawer{
	draw.CircleGlyph{}, draw.BoxGlyph{}, draw.TriangleGlyph{}, draw.RingGlyph{}, draw.SquareGlyph{}, draw.PyramidGlyph{},
}

// seriesColour returns the colour of series i.
func seriesColour(i int) Colour { return series[i%len(series)] }

// variant returns the position of the dash pattern or glyph of series i in a list
// of n. Series with the same colour get different ones.
func variant(i, n int) int { return (i + i/len(series)) % n }

// stroke returns the line style of series i.
func stroke(i int) draw.LineStyle {
	s := line(seriesColour(i), thick)
	s.Dashes = dashes[variant(i, len(dashes))]
	return s
}

// glyph returns the marker of series i.
func glyph(i int) draw.GlyphStyle {
	return draw.GlyphStyle{Color: seriesColour(i).colour(), Radius: markSize, Shape: glyphs[variant(i, len(glyphs))]}
}
