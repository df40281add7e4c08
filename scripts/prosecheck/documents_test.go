package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDocuments(t *testing.T) {
	long := strings.Repeat("é", 101)
	address := "https://example.org/" + long
	for name, tc := range map[string]struct {
		text string
		want []int // lines
	}{
		"empty":          {"", nil},
		"as many":        {strings.Repeat("é", 100) + "\r\n", nil},
		"too many":       {"a\n" + long + "\n" + long, []int{2, 3}},
		"table":          {"| a |\n|---|\n| " + long + " |\n  | " + long, nil},
		"indented code":  {"a\n\n    " + long + "\n\t" + long + "\n", nil},
		"fenced code":    {"```sh\n" + long + "\n~~~\n" + long + "\n```\n" + long, []int{6}},
		"other fence":    {"~~~~\n" + long + "\n~~~\n" + long + "\n~~~~~\n" + long, []int{6}},
		"link":           {"a [b](" + address + ") c [d](" + long + ") e", nil},
		"address":        {"a <" + address + "> b (" + address + ") c " + address, nil},
		"reference":      {"[a]: " + long, nil},
		"link, too long": {"[" + long + "](a)", []int{1}},
		"list":           {"- a\n  " + long, []int{2}},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []int
			for _, f := range checkDocument("a.md", tc.text) {
				require.Contains(t, f.what, "columns: break it, at most 100")
				lines = append(lines, f.line)
			}
			require.Equal(t, tc.want, lines)
		})
	}
}
