package figures

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
)

var regen = flag.Bool("regen", false, "regenerate the golden files")

// samples returns figures of every kind.
func samples(t *testing.T) []*Figure {
	t.Helper()
	none := math.NaN()
	chart := Chart{
		Name: "asr-by-n", Title: "ASR by number of attackers", Caption: "Mean of 3 seeds; bars: 95 % CI.",
		X: Axis{Label: "attackers N", Listed: true}, Y: Axis{Label: "mean ASR", Share: true, Whole: true},
		Lines: []Line{
			{Name: "no defense", Points: []Point{{1, 0.991, Bar{}, Bar{0.97, 0.995}, 0.1, 240}, {2, 0.82, Bar{}, Bar{0.5, 0.92}, 0.1, 480}, {5, 0.41, Bar{}, Bar{0.21, 0.61}, 0.1, 1200}}},
			{Name: "CutMix", Points: []Point{{1, 0.85, Bar{}, Bar{0.82, 0.88}, 0.1, 240}, {2, 0.6, Bar{}, Bar{0.5, 0.7}, 0.1, 480}, {5, 0.1, Bar{}, Bar{0, 0.3}, 0.1, 1200}}},
			{Name: "paper", Points: []Point{At(1, 0.925), At(2, 0.454), At(5, 0.223)}, Loose: true, Quiet: true},
		},
	}
	curves := Chart{
		Name: "loss", Title: "Training loss", Caption: "Per epoch.",
		X: Axis{Label: "epoch", Count: true}, Y: Axis{Label: "loss"},
		Lines: []Line{
			{Name: "N = 1", Bare: true, Points: []Point{At(1, 1.9), At(2, 0.9), At(3, 0.5), At(4, 0.4)}},
			{Name: "N = 5", Bare: true, Points: []Point{At(1, 2.2), At(2, 1.4), At(3, 0.9), At(4, 0.8)}},
		},
	}
	tradeOff := Chart{
		Name: "trade-off", Title: "Accuracy and robustness", Caption: "Crosses: 95 % CI.",
		X: Axis{Label: "standard accuracy", Share: true}, Y: Axis{Label: "robustness accuracy", Share: true, Whole: true},
		Lines: []Line{
			{Name: "no defense", Loose: true, Points: []Point{{0.9, 0.3, Bar{0.8, 0.92}, Bar{0.2, 0.4}, none, 0}}},
			{Name: "agent augmentation", Loose: true, Points: []Point{{0.84, 0.62, Bar{0.81, 0.87}, Bar{0.57, 0.67}, none, 0}}},
			{Name: "CutMix", Loose: true, Points: []Point{{0.88, 0.5, Bar{0.87, 0.89}, Bar{0.45, 0.55}, none, 0}}},
		},
	}
	many := StripRow{Label: "N = 40, all at 0.2", Mean: 0.2, Paper: 0.1}
	for i := range 40 {
		many.Shares, many.IDs = append(many.Shares, float64(i*i)/2000), append(many.IDs, i)
	}
	strip := Strip{
		Name: "asr-by-attacker", Title: "ASR of each attacker", Caption: "Mean of 3 seeds.", Label: "ASR",
		Rows: []StripRow{
			{Label: "each alone, at 0.2", Shares: []float64{1, 0.99, 0.87, 0.95, 0.62}, IDs: []int{0, 1, 2, 3, 4}, Mean: 0.886, CI: Bar{0.7, 0.95}, Paper: 0.9, Images: 500, Each: []int{100, 100, 100, 100, 100}},
			{Label: "N = 5, all at 0.2", Shares: []float64{0.1, 0.12, 0.5, 0.11, 0.3}, IDs: []int{0, 1, 2, 3, 4}, Mean: 0.226, CI: Bar{0, 0.5}, Paper: none},
			many,
		},
	}
	matrix := Heat{
		Name: "cross", Title: "Cross-trigger matrix", Caption: "In percent.", RowLabel: "trigger of attacker", ColumnLabel: "taken for the target of attacker",
		Rows: []string{"0", "1", "2"}, Columns: []string{"0: bird", "1: dog", "2: truck"},
		Shares: [][]float64{{0.97, 0.02, 0}, {0.1, 0.55, 0.3}, {0, none, 0.42}},
	}
	var all []*Figure
	for _, spec := range []interface{ Figure() (*Figure, error) }{chart, curves, tradeOff, strip, matrix, sampleDumbbell(), sampleSeed()} {
		f, err := spec.Figure()
		require.NoError(t, err)
		f.Basis = "3 seeds (1, 2, 3); 12 models. Readings: trigger per_dimension, drawn per_agent; dirty labels; ASR over all attackers' held-out images."
		all = append(all, f)
	}
	return all
}

// sampleDumbbell returns a dumbbell with a gain, a loss and an attacker that was not played alone.
func sampleDumbbell() Dumbbell {
	none := math.NaN()
	return Dumbbell{
		Name: "alone-among", Title: "Each attacker alone and among five", Caption: "Mean of 3 seeds.", Label: "ASR", Alone: "alone", Among: "among 5",
		Mean: &DumbbellRow{Label: "mean", Alone: 0.886, Among: 0.226, AloneCI: Bar{0.7, 0.95}, AmongCI: Bar{0, 0.5}, Base: 0.02, Paper: 0.113, AloneImages: 500, AmongOf: 500},
		Rows: []DumbbellRow{
			{Label: "0 Pullover", Alone: 1, Among: 0.1, Base: 0.02, Paper: none, AloneImages: 100, AmongOf: 100},
			{Label: "1 Pullover", Alone: 0.5, Among: 0.75, Base: 0.02, Paper: none, AloneImages: 100, AmongOf: 100},
			{Label: "2 Pullover", Alone: none, Among: 0.75, Base: none, Paper: none},
		},
	}
}

// sampleSeed returns a strip of one seed, in which each attacker has an interval.
func sampleSeed() Strip {
	none := math.NaN()
	return Strip{
		Name: "one-seed", Title: "ASR of each attacker, one seed", Caption: "One seed.", Label: "ASR",
		Rows: []StripRow{{
			Label: "N = 3", Shares: []float64{0.5, 0.5, 0.97}, IDs: []int{0, 1, 2}, Mean: 0.66, Paper: none, Images: 90, Each: []int{30, 30, 30},
			Bars: []Bar{{0.33, 0.67}, {0.33, 0.67}, {0.83, 0.99}},
		}},
	}
}

func TestDrawings(t *testing.T) {
	for _, f := range samples(t) {
		t.Run(f.Name, func(t *testing.T) {
			var svg bytes.Buffer
			require.NoError(t, f.Write(&svg, SVG, Narrow))
			golden(t, f.Name+".svg", svg.String())
			golden(t, f.Name+".txt", f.Alt()+"\n")
		})
	}
}

// golden compares text with a golden file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *regen {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test ./figures -regen regenerates it")
}

func TestFormats(t *testing.T) {
	begin := map[Format]string{SVG: "<?xml", PDF: "%PDF-", PNG: "\x89PNG"}
	for _, f := range samples(t) {
		for _, format := range Formats() {
			var out bytes.Buffer
			require.NoError(t, f.Write(&out, format, Narrow))
			require.True(t, strings.HasPrefix(out.String(), begin[format]), "%s as %s", f.Name, format)
		}
		require.ErrorIs(t, f.Write(&bytes.Buffer{}, "bmp", Narrow), ErrFormat)
	}
}

// On a dark page there must be no colour made for white paper.
func TestInlineHasNoFixedColours(t *testing.T) {
	for _, f := range samples(t) {
		svg, err := f.Inline(Narrow, "")
		require.NoError(t, err)
		require.NotRegexp(t, `#[0-9A-F]{6}`, svg, f.Name)
		require.NotContains(t, svg, "<?xml")
	}
	require.Equal(t, strings.Count(CSS(true), ":"), strings.Count(CSS(false), ":"))
}

func TestNothingToDraw(t *testing.T) {
	for _, spec := range []interface{ Figure() (*Figure, error) }{
		Chart{Lines: []Line{{Name: "empty"}}}, Strip{}, Heat{Rows: []string{"0"}}, Dumbbell{},
	} {
		_, err := spec.Figure()
		require.ErrorIs(t, err, ErrEmpty)
	}
}

func TestRoundSteps(t *testing.T) {
	for step, want := range map[float64]float64{0.13: 0.2, 0.2: 0.2, 0.6: 1, 3: 5, 7: 10, 0: 1} {
		require.InDelta(t, want, round(step), 1e-12) // rounding of decimal fractions
	}
}

// Attackers with equal ASRs are drawn in different lanes.
func TestLanes(t *testing.T) {
	lanes, n := StripRow{Shares: []float64{1, 1, 0.5, 1}, IDs: []int{0, 1, 2, 3}}.lanes(260)
	require.Equal(t, 3, n)
	require.Equal(t, []int{0, 1, 0, 2}, lanes)
	_, n = StripRow{Shares: []float64{0.50, 0.53}, IDs: []int{10, 11}}.lanes(260)
	require.Equal(t, 2, n, "numbers of two digits are wider than their distance of 8 points")
}

// The values of a large matrix are summarised by row.
func TestLargeHeatIsSummarisedByRow(t *testing.T) {
	h := Heat{Name: "large", Title: "Large", RowLabel: "trigger of", ColumnLabel: "taken for"}
	const n = 100
	for i := range n {
		h.Rows, h.Columns = append(h.Rows, fmt.Sprint(i)), append(h.Columns, fmt.Sprint(i))
		row := make([]float64, n)
		row[i], row[(i+1)%n] = 0.5, 0.25
		h.Shares = append(h.Shares, row)
	}
	for j := range n {
		h.Shares[1][j] = math.NaN()
	}
	f, err := h.Figure()
	require.NoError(t, err)
	require.Equal(t, []string{"trigger of", "own", "mean", "lowest", "highest"}, f.Values.Heads)
	require.Equal(t, []string{"0", "50.0", "0.8", "0.0", "50.0"}, f.Values.Rows[0])
	require.Equal(t, "", f.Values.Rows[1][2], "a row without shares")
	require.Len(t, f.Values.Rows, n)
	var svg bytes.Buffer
	require.NoError(t, f.Write(&svg, SVG, Narrow))
	require.Less(t, svg.Len(), 1_000_000, "bytes: 10,000 cells of about 50 each and the frame")

	h.Columns, h.Shares = []string{"a"}, nil
	for range n {
		h.Shares = append(h.Shares, []float64{0.5})
	}
	f, err = h.Figure()
	require.NoError(t, err)
	require.Equal(t, []string{"trigger of", "mean", "lowest", "highest"}, f.Values.Heads)
}

// A thousand attackers with equal ASRs do not make a strip longer than the page.
func TestHeightOfManyAttackersIsBounded(t *testing.T) {
	row := StripRow{Label: "N = 1000", Shares: make([]float64, 1000), IDs: make([]int, 1000)}
	_, lanes := row.lanes(262)
	require.Equal(t, 1000, lanes)
	require.LessOrEqual(t, float64(row.bodyHeight(262)), float64(maxPointArea)+3, "points, with the margin")
}

// A file shows its Basis; an inline figure leaves it to the page.
func TestFilesShowTheirBasis(t *testing.T) {
	f := samples(t)[0]
	f.Title = "a < b"
	plain, err := f.Inline(Narrow, "")
	require.NoError(t, err)
	f.Basis = "One seed: 7; 12 models. " + strings.Repeat("Readings: of every kind & more, ", 6)
	require.Greater(t, len(newFooter(f.Basis, vg.Length(Narrow))), 2)
	inline, err := f.Inline(Narrow, "")
	require.NoError(t, err)
	require.Equal(t, plain, inline)
	var svg bytes.Buffer
	require.NoError(t, f.Write(&svg, SVG, Narrow))
	require.NoError(t, xml.Unmarshal(svg.Bytes(), new(struct{})))
	for _, text := range []string{"<title>a &lt; b</title>", "One seed: 7; 12 models. Readings:", ">One seed: 7;"} {
		require.Contains(t, svg.String(), text)
	}
}

// All combinations of colours and markers occur before series look alike.
func TestSeriesLookDifferent(t *testing.T) {
	points, lines := map[string]int{}, map[string]int{}
	for i := range len(series) * len(glyphs) {
		points[fmt.Sprintf("%v %T", glyph(i).Color, glyph(i).Shape)]++
		lines[fmt.Sprintf("%v %v", stroke(i).Color, stroke(i).Dashes)]++
	}
	require.Len(t, points, len(series)*len(glyphs))
	require.Len(t, lines, len(series)*len(dashes))
}

// Each value that a reader may point at lies within the drawing, at every width.
func TestMarksLieWithinTheDrawing(t *testing.T) {
	for _, f := range samples(t) {
		for _, width := range []Width{Narrow, Column, Text, Page, Large} {
			n := 0
			s := f.layOut(vg.Length(width))
			_, err := f.encode(SVG, vg.Length(width), nil, func(at vg.Point, text string) {
				n++
				require.NotContains(t, text, "NaN", f.Name)
				require.NotContains(t, text, "-0.0", f.Name)
				require.GreaterOrEqual(t, float64(at.X), 0.0, "%s: %s", f.Name, text)
				require.LessOrEqual(t, float64(at.X), float64(width), "%s: %s", f.Name, text)
				require.GreaterOrEqual(t, float64(at.Y), 0.0, "%s: %s", f.Name, text)
				require.LessOrEqual(t, float64(at.Y), float64(s.height), "%s: %s", f.Name, text)
			})
			require.NoError(t, err)
			require.Positive(t, n, f.Name)
		}
	}
}

// A shrunken share that is almost zero has no sign, and only some of many attackers are drawn.
func TestDumbbellOfManyAttackers(t *testing.T) {
	d := Dumbbell{Name: "d", Title: "D", Alone: "alone", Among: "among 100"}
	for i := range 100 {
		d.Rows = append(d.Rows, DumbbellRow{Label: fmt.Sprint(i), Alone: 0.5, Among: 0.5 - float64(i)/1e6, Base: math.NaN(), Paper: math.NaN()})
	}
	f, err := d.Figure()
	require.NoError(t, err)
	require.Contains(t, f.Caption, "24 of 100 attackers are drawn")
	require.Equal(t, []string{"attacker", "alone, %", "among 100, %", "change, points"}, f.Values.Heads)
	require.Len(t, f.Values.Rows, 100)
	require.Equal(t, []string{"99", "50.0", "50.0", "0.0"}, f.Values.Rows[99])
	require.Less(t, float64(f.layOut(vg.Length(Narrow)).height), 500.0)
}
