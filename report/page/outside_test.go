package page

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/summary"
	"backfire/figures"
)

// Whatever the names in a summary hold, neither the page nor a figure or its text
// alternative has a control character, figures can be read as XML, and their files have
// names that each system allows.
func TestNamesFromOutside(t *testing.T) {
	for _, bad := range []string{"\x1b[2J", "\u009b1m", "\x7f", "a\u202eb", "\u2066", "\xff", "a\nb", "a\tb", "\x00", "</title><script>", "../a/b", "\ufeff"} {
		s := madeUpSummary(t.TempDir())
		p := &s.Points[0]
		p.Name, p.Data.Name, p.Keys = "p"+bad, "d"+bad, map[string]string{"seed": "k" + bad}
		p.Readings.TriggerRange = bad
		for i := range p.Games {
			for j := range p.Games[i].Attackers {
				p.Games[i].Attackers[j].Label = bad
			}
		}
		s.Origin = &summary.Request{Kind: "points", Name: "n" + bad, Title: "t" + bad, Preset: bad, Command: "c" + bad}
		made, err := New(context.Background(), Input{Summaries: []*summary.Summary{s}, Load: noImages})
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, made.Write(&out))
		requireShown(t, out.String())
		require.NotContains(t, out.String(), "<script>\n\n")
		require.NotEmpty(t, made.Sections[0].Figures)
		for _, f := range made.Sections[0].Figures {
			requireShown(t, f.Alt())
			require.Regexp(t, `^[A-Za-z0-9][A-Za-z0-9._-]*$`, f.Name)
			var svg bytes.Buffer
			require.NoError(t, f.Write(&svg, figures.SVG, figures.Narrow))
			requireShown(t, svg.String())
			decoder := xml.NewDecoder(&svg)
			for err = nil; err == nil; {
				_, err = decoder.Token()
			}
			require.True(t, errors.Is(err, io.EOF), "%q: %v", bad, err)
		}
	}
}

// requireShown fails if a text holds what a page must not.
func requireShown(t *testing.T, text string) {
	t.Helper()
	require.Equal(t, text, strings.ToValidUTF8(text, "?"))
	require.NotRegexp(t, `[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{2028}\x{202a}-\x{202e}\x{2066}-\x{2069}\x{feff}]`, text)
}
