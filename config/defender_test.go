package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseDefender(t *testing.T) {
	for text, want := range map[string][]DefensePart{
		"none":      {{Name: "none"}},
		"a+b":       {{Name: "a"}, {Name: "b"}},
		"a+":        {{Name: "a"}, {Name: ""}},
		"a(x=1e+3)": {{Name: "a", Own: []OwnSetting{{"x", "1e+3"}}}},
		"a+b(x=1 y=add)+c": {
			{Name: "a"}, {Name: "b", Own: []OwnSetting{{"x", "1"}, {"y", "add"}}}, {Name: "c"},
		},
	} {
		parts, err := ParseDefender(text)
		require.NoError(t, err, text)
		require.Equal(t, want, parts, text)
		var texts []string
		for _, part := range parts {
			texts = append(texts, part.String())
		}
		require.Equal(t, text, strings.Join(texts, "+"))
	}
	for text, want := range map[string]string{
		"a(x=1":   "does not close it",
		"a()":     "nothing in the brackets",
		"a(x)":    `has "x" in the brackets`,
		"a(=1)":   `has "=1" in the brackets`,
		"a(x=1)b": `has "b" behind a bracket`,
	} {
		_, err := ParseDefender(text)
		require.ErrorContains(t, err, want, text)
	}
}

// Every defense has a section of its name, which has its settings.
func TestDefensesHaveSections(t *testing.T) {
	sections := map[string]bool{}
	for _, key := range Keys() {
		if section, _, nested := strings.Cut(key.Name, "."); nested {
			sections[section] = true
		}
	}
	for _, name := range Defenses() {
		require.True(t, sections[name] || name == "perfect_filter", name) // which has no settings
		resolved, err := Load(Options{Sets: []string{"defenders=" + name}})
		require.NoError(t, err)
		require.NoError(t, resolved.Config.Validate())
	}
}
