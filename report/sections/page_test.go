package sections_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/figures"
	"backfire/report/layout/layouttest"
	"backfire/report/sections"
)

// pageOf returns a page as HTML.
func pageOf(t *testing.T, p sections.Page) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, p.Write(&out))
	layouttest.Check(t, out.String())
	return out.String()
}

// A page says its finding once, folds what is long, and marks answers, numbers and columns to filter by.
func TestPage(t *testing.T) {
	s := sections.Section{
		ID: "games", Title: "Games", Text: []string{"It backfires.", "A <note>."}, Folded: true,
		Heads: []string{"game", "N", "lift", "answer"}, Signs: map[string]string{"supported": "▲", "no effect": "="},
	}
	for i := range 6 {
		s.Rows = append(s.Rows, []string{fmt.Sprint("g", i), fmt.Sprint(1 + i%2), fmt.Sprintf("+%d.5 [-1.0, +2.0]", i), []string{"supported -3.0", "no effect"}[i%2]})
		s.IDs = append(s.IDs, fmt.Sprint("at-", i))
	}
	s.Links = []map[int]string{{0: "#at-5"}}
	chart := func(name string, lead bool) *figures.Figure {
		f, err := figures.Chart{Name: name, Title: name, X: figures.Axis{Label: "N"}, Y: figures.Axis{Label: "ASR"}, Lines: []figures.Line{{Points: []figures.Point{figures.At(1, 2)}}}}.Figure()
		require.NoError(t, err)
		f.Lead = lead
		return f
	}
	html := pageOf(t, sections.Page{
		Title: "A & B", Finding: "It backfires.", Sections: []sections.Section{s, {ID: "none", Title: "A & B", Text: []string{"Nothing."}}, {ID: "same", Text: []string{"It backfires."}}},
		Figures: []*figures.Figure{chart("first", true), chart("second", false)},
	})
	require.Equal(t, 1, strings.Count(html, "It backfires."))
	for _, text := range []string{
		"<h1>A &amp; B</h1>", "A &lt;note&gt;.", `<summary>Table (6)</summary>`, `data-filter="N"`, `data-filter="answer"`, `<tr id="at-5">`,
		`<th scope="row"><a href="#at-5">g0</a></th>`, `<td class="number" data-sort="1.5">&#43;1.5 [-1.0, &#43;2.0]</td>`, `<td data-sign="▲">supported -3.0</td>`,
		`<div class="first">`, `class="figure large"`, `<section id="figures">`,
	} {
		require.True(t, strings.Contains(html, text), text)
	}
	require.NotContains(t, html, `data-filter="game"`, "its values do not repeat")
	require.NotContains(t, html, `data-filter="lift"`, "fractions are not chosen")
	require.NotContains(t, html, `id="none-table"`)
	require.True(t, strings.Contains(html, `<h2>About `), "the page's title is not said again")
	require.NotContains(t, html, `id="same"`, "a section with nothing but the finding")
}

// A page of nothing is a page.
func TestEmptyPage(t *testing.T) {
	html := pageOf(t, sections.Page{Title: "Nothing \x1b[2J"})
	require.NotContains(t, html, "\x1b")
	require.NotContains(t, html, `class="finding"`)
	require.NotContains(t, html, `<section id="figures">`)
}

// Numbers are sorted by what they begin with; names that begin with a digit are not numbers.
func TestColumnsOfNumbers(t *testing.T) {
	for text, sorted := range map[string]string{
		"3": "3", "+3.0": "3.0", "-2.5 [-4, -1]": "-2.5", "12 to 40": "12", "5 %": "5", "62 (no better than guessing)": "62", "": "", "-": "",
		"3e24d2": "", "0.05, 0.2": "", "none": "", "2 x 0.9": "",
	} {
		html := pageOf(t, sections.Page{Sections: []sections.Section{{ID: "s", Heads: []string{"name", "value"}, Rows: [][]string{{"a", text}, {"b", "1"}}}}})
		want := `data-sort="` + sorted + `"`
		if sorted == "" {
			want = "<td"
		}
		require.True(t, strings.Contains(html, want), text)
		require.Equal(t, sorted == "" && text != "" && text != "-", !strings.Contains(html, `<td class="number" data-sort="1">`), text)
	}
}
