package layout_test

import (
	"bytes"
	"html/template"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/figures"
	"backfire/report/layout"
	"backfire/report/layout/layouttest"
)

// A page that uses every part is whole in itself; its lead is drawn for a phone and for a desktop.
func TestParts(t *testing.T) {
	f, err := figures.Chart{
		Name: "rising", Title: "It <rises>", Caption: "By N.", X: figures.Axis{Label: "N"}, Y: figures.Axis{Label: "ASR"},
		Lines: []figures.Line{{Name: "one", Points: []figures.Point{figures.At(1, 2), figures.At(2, 3)}}},
	}.Figure()
	require.NoError(t, err)
	small, err := layout.Draw(f)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(small.SVG), "<svg "))
	f.Lead = true
	lead, err := layout.Draw(f)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(string(lead.SVG), "<svg "))
	require.Equal(t, "rising", lead.ID)

	page, err := layout.Template(`{{template "head" .}}{{template "style"}}{{template "figure" .Figure}}{{template "data" .Data}}{{template "script"}}{{twice 2}}`,
		template.FuncMap{"twice": func(n int) int { return 2 * n }})
	require.NoError(t, err)
	var out bytes.Buffer
	rows := &layout.DataTable{ID: "rows", Name: "rows", Title: "Rows", Heads: []string{"a"}, Rows: [][]string{{"</script>\x1b"}}}
	require.NoError(t, page.Execute(&out, map[string]any{"Title": "A & B", "Figure": lead, "Data": rows}))
	html := out.String()
	layouttest.Check(t, html)
	require.Contains(t, html, "<title>A &amp; B</title>")
	require.Contains(t, html, "It &lt;rises&gt;")
	require.Contains(t, html, "<summary>Rows (1)</summary>")
	require.NotContains(t, html, "</script>\x1b")
	require.True(t, strings.HasSuffix(html, "4"))
	_, err = layout.Template("{{template", nil)
	require.ErrorContains(t, err, "layout: template")
}

// A long table is cut, and tells how many rows it had.
func TestLongTablesAreCut(t *testing.T) {
	long := &layout.DataTable{Rows: make([][]string, 12000)}
	require.Equal(t, "12000", long.Count())
	require.Len(t, long.Cut().Rows, 5000)
	require.Equal(t, 7000, long.More)
	require.Equal(t, "5000 of 12000", long.Count())
	text, err := long.JSON()
	require.NoError(t, err)
	require.Contains(t, string(text), `"more":7000`)
}

// The style has both schemes and rules for paper, and nothing is fetched by a page in a file.
func TestStyleAndScript(t *testing.T) {
	style, script := string(layout.Style()), string(layout.Script())
	require.Equal(t, 2, strings.Count(style, "prefers-color-scheme"))
	require.Contains(t, style, "@media print")
	require.NotContains(t, style, "url(")
	require.Equal(t, 1, strings.Count(script, "fetch("), "of a page that follows its store")
	require.NotContains(t, script, "innerHTML")
}
