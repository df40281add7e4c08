// Package layouttest checks pages and documented tables in tests.
package layouttest

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Check fails unless a page is whole in itself: every drawing and picture has a text alternative and every figure
// the table of its values, IDs are unique, links lead to one, nothing is fetched, and no number is "-0.0".
func Check(t testing.TB, html string) {
	t.Helper()
	require.Equal(t, strings.Count(html, "<svg "), strings.Count(html, `<svg role="img" aria-label="`), "drawings without a text alternative")
	require.Equal(t, strings.Count(html, "<figure id="), strings.Count(html, "<summary>Values</summary>"), "figures without their values")
	require.NotRegexp(t, `alt=""`, html)
	require.NotRegexp(t, `(src|href)="(https?:|//)`, html)
	for _, text := range all(Outline(html), `>([^<]*)<`) {
		require.NotRegexp(t, `(^|[^0-9.])-0(\.0+)?([^0-9.]|$)`, text)
	}
	require.NotContains(t, html, "ZgotmplZ", "a value that the template refuses")
	var ids []string
	for _, id := range all(html, ` id="([^"]*)"`) {
		require.NotContains(t, ids, id, "an ID that is used twice")
		ids = append(ids, id)
	}
	for _, link := range all(html, ` href="#([^"]*)"`) {
		require.True(t, slices.Contains(ids, link), "a link to %q, which is no place", link)
	}
}

// all returns the texts that the group of a pattern matches.
func all(html, pattern string) []string {
	var texts []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(html, -1) { //nolint:forbidigo // a constant pattern of a test
		texts = append(texts, match[1])
	}
	return texts
}

// Outline returns the markup of a page without its style, its script and the content of its drawings.
func Outline(html string) string {
	for _, part := range []string{"style", "script", "svg"} {
		pattern := `(?s)(<` + part + `[^>]*>).*?</` + part + `>`
		html = regexp.MustCompile(pattern).ReplaceAllString(html, "<"+part+"/>") //nolint:forbidigo // a constant pattern of a test
	}
	return html
}

// Written returns a document, such as a table, in one of its formats.
func Written[Format ~string](t testing.TB, document interface {
	Write(w io.Writer, format Format) error
}, format Format,
) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, document.Write(&out, format))
	return out.String()
}

// RequireDocumented fails unless the first line of a file of CSV has the columns of its data dictionary, in their
// order: of the first table behind the line of a document that begins with the file's name in backquotes.
func RequireDocumented(t testing.TB, document, name, csv string) {
	t.Helper()
	text, err := os.ReadFile(document) //nolint:forbidigo // a document of the project, in a test
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n`"+name+"` ")
	require.True(t, found, name)
	_, section, found = strings.Cut(section, "\n| column | type | meaning |\n")
	require.True(t, found, name)
	section, _, _ = strings.Cut(section, "\n\n")
	columns := all(section, "(?m)^\\| `([^`]+)` \\| (?:text|integer|number|logical)(?: or empty)? \\| .")
	require.Len(t, columns, strings.Count(section, "\n"), "a column without type or meaning: %s", section)
	heads, _, _ := strings.Cut(csv, "\n")
	require.Equal(t, strings.Join(columns, ","), heads, name)
}
