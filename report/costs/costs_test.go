package costs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/cheapest"
	"backfire/report/costs"
	"backfire/report/layout/layouttest"
)

// document returns the document of a search over two seeds: a lone attacker reaches the target with 8 images of
// seed 1 and with none of seed 2, and the search of two attackers has not begun.
func document(t *testing.T) *costs.Document {
	t.Helper()
	spec := &cheapest.Spec{
		Unit: cheapest.Images, Target: 0.9, Counts: []int{1, 2}, FirstSeed: 1, Seeds: 2, Most: 8, Tolerance: 0.1,
		Margin: cheapest.DefaultMargin,
	}
	require.NoError(t, spec.Check())
	var games []cheapest.Game
	for {
		_, next := spec.Search(games)
		played := false
		for _, p := range next {
			if p.N == 2 {
				continue
			}
			g := cheapest.Game{Play: p, ASR: 0.1, Model: strings.Repeat("ab", 32)}
			if p.Seed == 1 && p.Value >= 8 {
				g.ASR = 0.95
			}
			games, played = append(games, g), true
		}
		if !played {
			return costs.New(spec.Analyze(games), "embedded")
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	d := document(t)
	require.Equal(t, "cheapest-images-90-embedded", d.Name())
	csv := layouttest.Written(t, d, costs.CSV)
	layouttest.RequireDocumented(t, "../../docs/game.md", d.Name()+".csv", csv)
	require.Contains(t, csv, "\n1,1,images,0.9,7,8,TRUE\n")
	require.Contains(t, csv, "\n1,2,images,0.9,8,0,TRUE\n")
	require.Contains(t, csv, "\n2,1,images,0.9,0,0,FALSE\n")

	text := layouttest.Written(t, d, costs.Text)
	require.Regexp(t, `(?m)^1 +1 +7 +8$`, text)
	require.Regexp(t, `(?m)^1 +2 +8 +none$`, text)
	require.Regexp(t, `(?m)^2 +1 +0 +open$`, text)
	require.Contains(t, layouttest.Written(t, d, costs.Markdown), "| 1 | 2 | 8 | none |")
	layouttest.Check(t, layouttest.Written(t, d, costs.Page))
	for _, format := range costs.Formats() {
		require.NotEmpty(t, layouttest.Written(t, d, format), format)
	}
}
