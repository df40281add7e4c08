package figures

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
	"gonum.org/v1/plot/vg/vgpdf"
)

// pdfCanvas is a canvas of a PDF file that embeds of each font what the drawing needs.
type pdfCanvas struct {
	*vgpdf.Canvas
	fonts map[string]*opentype.Font // subsets by the font's name
}

// newPDF returns the canvas for a drawing of a size, which draw draws.
func newPDF(width, height vg.Length, drawing func(draw.Canvas) error) (*pdfCanvas, error) {
	var recorded recorder.Canvas
	if err := drawing(draw.NewCanvas(&recorded, width, height)); err != nil {
		return nil, err
	}
	faces, texts := map[string]font.Face{}, map[string]string{}
	for _, action := range recorded.Actions {
		if text, ok := action.(*recorder.FillString); ok {
			face := text.Font
			faces[fontName(face)] = font.DefaultCache.Lookup(face, text.Size)
			texts[fontName(face)] += lacking.Replace(text.String) + "?"
		}
	}
	canvas := &pdfCanvas{Canvas: vgpdf.New(width, height), fonts: map[string]*opentype.Font{}}
	for name, face := range faces {
		subset, err := subsetOf(face, texts[name])
		if err != nil {
			return nil, fmt.Errorf("subset of font %s: %w", name, err)
		}
		canvas.fonts[name] = subset
	}
	return canvas, nil
}

// fontName names a font without its size.
func fontName(f font.Font) string { return f.Name() }

// FillString draws a text in the subset of its font.
func (c *pdfCanvas) FillString(face font.Face, at vg.Point, text string) {
	if subset := c.fonts[fontName(face.Font)]; subset != nil {
		face.Face = subset // of this drawing alone
	}
	c.Canvas.FillString(face, at, latin(text))
}

// The characters of code page 1252, in which the file encodes texts, beyond Latin-1; and those in
// place of signs that it lacks.
var (
	codePage = map[rune]byte{
		'€': 0x80, '…': 0x85, '‘': 0x91, '’': 0x92, '“': 0x93, '”': 0x94, '•': 0x95, '–': 0x96, '—': 0x97, '™': 0x99,
	}
	lacking = strings.NewReplacer("→", "to", " ↓", "", " ↑", "", "↓", "", "↑", "", "−", "-", "≥", ">=", "≤", "<=")
)

// latin returns a text in code page 1252. A character that it lacks is a question mark.
func latin(text string) string {
	var out []byte
	for _, r := range lacking.Replace(text) {
		switch b, listed := codePage[r]; {
		case listed:
			out = append(out, b)
		case r < 0x80, r >= 0xa0 && r <= 0xff:
			out = append(out, byte(r))
		default:
			out = append(out, '?')
		}
	}
	return string(out)
}

// subsetOf returns a font with the glyphs of a text.
func subsetOf(face font.Face, text string) (*opentype.Font, error) {
	var source bytes.Buffer
	if _, err := face.Face.WriteSourceTo(nil, &source); err != nil {
		return nil, err
	}
	whole, err := parseTTF(source.Bytes())
	if err != nil {
		return nil, err
	}
	var glyphs []uint16
	var buffer sfnt.Buffer
	for _, r := range text {
		glyph, err := face.Face.GlyphIndex(&buffer, r)
		if err != nil {
			return nil, err
		}
		glyphs = append(glyphs, uint16(glyph))
	}
	slices.Sort(glyphs)
	data, err := whole.subset(slices.Compact(glyphs))
	if err != nil {
		return nil, err
	}
	return opentype.Parse(data)
}
