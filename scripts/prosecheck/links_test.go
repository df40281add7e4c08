package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	other := "# The `ASR`, *and* [lift](a.md)\n\n## Twice\n\n## Twice\n\n```\n# no heading\n```\n"
	cases := map[string]struct {
		text string
		want []string
	}{
		"file":                {"see [a](docs/other.md) and\n![b](docs/b.png)", nil},
		"missing file":        {"a\n\nb [a](docs/none.md)", []string{`3: link to "docs/none.md": there is no file docs/none.md`}},
		"missing picture":     {"![a](none.png)", []string{`1: link to "none.png": there is no file none.png`}},
		"heading":             {"[a](docs/other.md#the-asr-and-lift)", nil},
		"heading, twice":      {"[a](docs/other.md#twice-1)", nil},
		"heading, thrice":     {"[a](docs/other.md#twice-2)", []string{`1: link to "docs/other.md#twice-2": docs/other.md has no such heading`}},
		"heading in code":     {"[a](docs/other.md#no-heading)", []string{`1: link to "docs/other.md#no-heading": docs/other.md has no such heading`}},
		"own heading":         {"# Here\n\n[a](#here)", nil},
		"own heading missing": {"# Here\n\n[a](#there)", []string{`3: link to "#there": README.md has no such heading`}},
		"reference":           {"[a][1]\n\n[1]: docs/none.md", []string{`1: link to "docs/none.md": there is no file docs/none.md`}},
		"in a table":          {"| a |\n|---|\n| [a](none) |", []string{`3: link to "none": there is no file none`}},
		"in code":             {"`[a](none)`\n\n    [a](none)", nil},
		"web":                 {"[a](https://example.org/none#x) <mailto:a@b.c>", nil},
		"directory":           {"[a](docs)", nil},
		"above the tree":      {"[a](../none)", []string{`1: link to "../none": there is no file ../none`}},
		"no address":          {"[a](<%zz>)", []string{`1: link to "%zz": no address: parse "%zz": invalid URL escape "%zz"`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings, err := checkTree(tree(map[string]string{"README.md": c.text, "docs/other.md": other, "docs/a.md": "", "docs/b.png": ""}), false)
			require.NoError(t, err)
			var got []string
			for _, f := range findings {
				got = append(got, strings.TrimPrefix(f.String(), "README.md:"))
			}
			require.Equal(t, c.want, got)
		})
	}
}
