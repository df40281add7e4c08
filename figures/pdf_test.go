package figures

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
)

// A PDF file embeds the glyphs that its texts need, and not a whole font.
func TestPDFEmbedsASubset(t *testing.T) {
	for _, f := range samples(t) {
		var out bytes.Buffer
		require.NoError(t, f.Write(&out, PDF, Column))
		require.Less(t, out.Len(), 60_000, "%s: bytes; the whole font takes 218,000", f.Name)
		require.Contains(t, out.String(), "/FontFile2")
	}
}

// The glyphs of a subset, composed ones among them, have the outlines and widths of the font; others
// have no outline.
func TestSubsetHasTheSameGlyphs(t *testing.T) {
	face := font.DefaultCache.Lookup(font.Font{Typeface: "Liberation", Variant: "Sans"}, 10)
	const text = "ASR, %±–²äéÅ 0123"
	subset, err := subsetOf(face, text)
	require.NoError(t, err)
	var buffer, other sfnt.Buffer
	segments := func(f *opentype.Font, b *sfnt.Buffer, r rune) []sfnt.Segment {
		glyph, err := f.GlyphIndex(b, r)
		require.NoError(t, err)
		all, err := f.LoadGlyph(b, glyph, fixed.I(1000), nil)
		require.NoError(t, err)
		return slices.Clone(all)
	}
	for _, r := range text {
		require.Equal(t, segments(face.Face, &buffer, r), segments(subset, &other, r), string(r))
	}
	require.NotEmpty(t, segments(face.Face, &buffer, 'Q'))
	require.Empty(t, segments(subset, &other, 'Q'))
}

// Texts have the encoding of the font in the file, and a character that it lacks does not become several.
func TestTextsOfPDF(t *testing.T) {
	require.Equal(t, "95 % CI, \xb15 \x96 7 \xb2", latin("95 % CI, ±5 – 7 ²"))
	require.Equal(t, "-3 to 4, trigger of, ?", latin("−3 → 4, trigger of ↓, 字"))
}

func TestDamagedFontsAreRefused(t *testing.T) {
	var source bytes.Buffer
	face := font.DefaultCache.Lookup(font.Font{Typeface: "Liberation", Variant: "Sans"}, 10)
	_, err := face.Face.WriteSourceTo(nil, &source)
	require.NoError(t, err)
	for _, end := range []int{0, 11, 40, source.Len() / 2} {
		_, err := parseTTF(source.Bytes()[:end])
		require.ErrorIs(t, err, errFont, "%d bytes", end)
	}
	whole, err := parseTTF(source.Bytes())
	require.NoError(t, err)
	_, err = whole.subset([]uint16{65535})
	require.ErrorIs(t, err, errFont)
}
