package figures

import (
	"bytes"
	"encoding/xml"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"
)

// phaseMap returns a map of success with hatching, contour and published figures.
func phaseMap() PhaseMap {
	m := PhaseMap{
		Name: "phase-success", Title: "Where backdoors are learnt", Caption: "Share of attackers that succeed.", Quantity: "success",
		Contour: []MapContour{
			{N: 1, K: 40, Band: Bar{22, 60}},
			{N: 2, K: 44, Band: Bar{30, 70}},
			{N: 5, K: 100, Band: Bar{3, 500}},
			{N: 10, K: math.NaN(), Beyond: "above 384"},
		},
		Points: []MapPoint{
			{N: 1, K: 48, Value: 0.953, Source: "paper, table 1"},
			{N: 2, K: 48, Value: 0.53, Source: "paper, table 1"},
			{N: 2, K: 48, Value: 0.492, Source: "paper, table 2"},
			{N: 5, K: 48, Value: 0.113, Source: "paper, table 1"},
			{N: 5, K: 960, Value: 0.155, Source: "paper, table 3"},
			{N: 100, K: 48, Value: 0.051, Source: "paper, table 3"},
			{N: 100, K: 11, Value: 0.275, Source: "later article"},
		},
	}
	for i, n := range []int{1, 2, 5, 10} {
		for j, k := range []int{6, 12, 24, 48, 96, 192, 384} {
			x := float64(j) - 2.8 - float64(i)/2
			m.Cells = append(m.Cells, MapCell{N: n, K: k, Value: 1 / (1 + math.Exp(-1.5*x)), Undecided: math.Abs(x) < 0.9, Seeds: 3 + 3*i})
		}
	}
	m.Cells[0].Value = math.NaN()
	return m
}

// auditFigures returns figures of every kind of an audit.
func auditFigures(t *testing.T) []*Figure {
	t.Helper()
	loss := PhaseMap{Name: "phase-interference", Title: "Interference", Caption: "Lift less the lift alone.", Quantity: "interference", Signed: true}
	for i, n := range []int{2, 5} {
		for j, k := range []int{6, 12, 24, 48, 96, 192, 384} {
			loss.Cells = append(loss.Cells, MapCell{N: n, K: k, Value: float64(j-4) * float64(i+1) / 8, Undecided: j == 3, Seeds: 6})
		}
	}
	half := HalfNormal{
		Name: "half-normal", Title: "Effects on interference", Caption: "Noise: the standard error.", Quantity: "interference", Noise: 0.03,
		Effects: []Effect{
			{Name: "sampling", Value: -0.31, CI: Bar{-0.4, -0.2}, Marked: true},
			{Name: "labels", Value: -0.22, CI: Bar{-0.3, -0.1}, Marked: true},
			{Name: "sampling × labels", Value: -0.21, CI: Bar{-0.3, -0.12}, Marked: true},
			{Name: "deal", Value: 0.04, CI: Bar{-0.1, 0.13}},
			{Name: "training", Value: 0.05, CI: Bar{-0.1, 0.13}},
			{Name: "steps", Value: -0.02, CI: Bar{-0.1, 0.1}},
			{Name: "trigger size", Value: 0.01, CI: Bar{-0.1, 0.1}},
		},
	}
	main := MainEffects{
		Name: "main-effects", Title: "Main effects", Caption: "Means over all runs.", Quantity: "interference", Signed: true, Mean: -0.16,
		Factors: []FactorMeans{
			{Factor: "sampling", Low: "per_agent", High: "per_image", AtLow: 0, AtHigh: -0.31, LowCI: Bar{-0.05, 0.04}, HighCI: Bar{-0.4, -0.2}, Effect: -0.31, EffectCI: Bar{-0.4, -0.2}, Marked: true},
			{Factor: "labels", Low: "same", High: "distinct", AtLow: -0.05, AtHigh: -0.27, LowCI: Bar{-0.1, 0}, HighCI: Bar{-0.35, -0.2}, Effect: -0.22, EffectCI: Bar{-0.3, -0.1}, Marked: true},
			{Factor: "steps", Low: "500", High: "2000", AtLow: -0.15, AtHigh: -0.17, Effect: -0.02, EffectCI: Bar{-0.1, 0.1}},
			{Factor: "deal", Low: "constant", High: "shared", AtLow: math.NaN(), AtHigh: -0.17, Effect: math.NaN()},
		},
	}
	var all []*Figure
	for _, spec := range []interface{ Figure() (*Figure, error) }{phaseMap(), loss, half, main} {
		f, err := spec.Figure()
		require.NoError(t, err)
		f.Basis = "Six seeds (1 to 6); 252 models. Reading: per_image, random labels."
		all = append(all, f)
	}
	return all
}

func TestAuditDrawings(t *testing.T) {
	for _, f := range auditFigures(t) {
		t.Run(f.Name, func(t *testing.T) {
			var svg bytes.Buffer
			require.NoError(t, f.Write(&svg, SVG, Narrow))
			require.NoError(t, xml.Unmarshal(svg.Bytes(), new(struct{})))
			golden(t, f.Name+".svg", svg.String())
			golden(t, f.Name+".txt", f.Alt()+"\n")
			inline, err := f.Inline(Narrow, "")
			require.NoError(t, err)
			require.NotRegexp(t, `#[0-9A-F]{6}`, inline, "a colour that a dark page cannot change")
			for _, format := range []Format{PDF, PNG} {
				require.NoError(t, f.Write(&bytes.Buffer{}, format, Narrow))
			}
		})
	}
}

func TestNoAuditToDraw(t *testing.T) {
	for _, spec := range []interface{ Figure() (*Figure, error) }{PhaseMap{}, HalfNormal{}, MainEffects{}} {
		_, err := spec.Figure()
		require.ErrorIs(t, err, ErrEmpty)
	}
}

// Every value of a map is in its table: cells, contour and published figures.
func TestPhaseMapTable(t *testing.T) {
	f, err := phaseMap().Figure()
	require.NoError(t, err)
	require.Equal(t, []string{"cell", "success, %", "seeds", "50 % success", "95 % band of k", "source"}, f.Values.Heads)
	require.Len(t, f.Values.Rows, 28+4+7)
	require.Equal(t, []string{"N = 1, k = 6", "–", "3", "", "", ""}, f.Values.Rows[0])
	require.Equal(t, []string{"N = 1, k = 48", "57", "3", "undecided", "", ""}, f.Values.Rows[3])
	require.Equal(t, []string{"N = 5", "", "", "at k = 100", "below 6 to above 384", ""}, f.Values.Rows[30])
	require.Equal(t, []string{"N = 10", "", "", "above 384", "", ""}, f.Values.Rows[31])
	require.Equal(t, []string{"N = 100, k = 11", "28", "", "", "", "later article"}, f.Values.Rows[38])
}

// Places on the map: rows ascend, columns meet at the middle between their logarithms,
// and published figures lie within the axis.
func TestPhaseMapLayout(t *testing.T) {
	l := phaseMap().layOut(vg.Length(Narrow))
	require.Equal(t, []int{1, 2, 5, 10, 100}, l.ns)
	below := l.left - 1
	for _, k := range l.ks {
		from, to := l.x(l.edge(k, -1)), l.x(l.edge(k, +1))
		require.Less(t, float64(from), float64(to))
		require.GreaterOrEqual(t, float64(from), float64(below)-1e-9)
		below = to
	}
	require.LessOrEqual(t, float64(l.x(math.Log2(960))), float64(vg.Length(Narrow)))
	_, top := l.row(100)
	require.InDelta(t, float64(l.height()), float64(top), 1e-9)
}

// Negative differences have other colours than positive ones, and a sign.
func TestSignedMap(t *testing.T) {
	m := PhaseMap{Signed: true}
	negative, _ := m.shade(-0.5)
	positive, _ := m.shade(0.5)
	require.NotEqual(t, negative, positive)
	for v, want := range map[float64]string{-0.5: "−50", 0.5: "+50", 0.001: "0", -0.001: "0"} {
		require.Equal(t, want, m.number(v))
	}
}

// The hatching of a rectangle stays inside of it.
func TestHatchingStaysInside(t *testing.T) {
	f, err := PhaseMap{Name: "one", Cells: []MapCell{{N: 1, K: 10, Value: 0.5, Undecided: true}}}.Figure()
	require.NoError(t, err)
	var svg bytes.Buffer
	require.NoError(t, f.Write(&svg, SVG, Narrow))
	require.Greater(t, strings.Count(svg.String(), "<path"), 20)
}

// The half-normal quantiles ascend with the absolute values of the effects.
func TestHalfNormalOrder(t *testing.T) {
	h := HalfNormal{Effects: []Effect{{Name: "a", Value: -0.3}, {Name: "b", Value: 0.1}, {Name: "c", Value: 0.2}}}
	ranked := h.ranked()
	require.Equal(t, []string{"b", "c", "a"}, []string{ranked[0].Name, ranked[1].Name, ranked[2].Name})
	require.InDelta(t, 0.6744897501960817, h.quantile(2), 1e-12, "the median of the half-normal distribution")
}
