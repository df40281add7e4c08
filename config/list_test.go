package config

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSplitList(t *testing.T) {
	for text, want := range map[string][]string{
		"":                  nil,
		" [ ] ":             nil,
		"a,b":               {"a", "b"},
		`"a,b",c`:           {"a,b", "c"},
		`c , "a,b" `:        {"c ", "a,b"},
		`["a,b", c]`:        {"a,b", "c"},
		`"say ""x""", y`:    {`say "x"`, "y"},
		`""`:                {""},
		`"""",x`:            {`"`, "x"},
		`a"b,c"`:            {`a"b`, `c"`},
		"[a":                {"[a"},
		"a]":                {"a]"},
		`"[a]"`:             {"[a]"},
		"a,":                {"a", ""},
		"1=0,3=0":           {"1=0", "3=0"},
		"x(a=1 b=2)+y,none": {"x(a=1 b=2)+y", "none"},
	} {
		got, err := splitList(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{`"`, `"a`, `"a""`, `a,"b`, `"a"b`, `"a" b,c`} {
		_, err := splitList(text)
		require.Error(t, err, text)
	}
}

// A list is split into the elements that it was joined of.
func TestJoinedListsAreSplit(t *testing.T) {
	element := rapid.StringMatching(`([a-c",\[\]#']|[a-c",\[\]#'][a-c",\[\]#' ]*[a-c",\[\]#'])`)
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(element).Draw(t, "elements")
		got, err := splitList(joinList(want))
		require.NoError(t, err)
		require.Equal(t, len(want), len(got))
		key, _ := lookup("attackers.targets")
		parsed, err := key.parse(text(joinList(want)))
		require.NoError(t, err)
		require.Equal(t, want, parsed)
	})
}
