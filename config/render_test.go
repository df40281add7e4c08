package config_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/config"
)

// The YAML of any configuration resolves to the same configuration.
func TestYAMLIsReadBack(t *testing.T) {
	file := writeFile(t, "")
	word := rapid.SampledFrom([]string{
		"2", "#2", "00014", "2.0", "bird", "true", "no", "null", "~", "1e3", "0x1F", "1_0", "1:30", "+1", ".5", "-0", ".inf", "2021-01-01", "=", "<<", "on",
		"a: b", "x:", "# c", "- x", "{a}", "[a", "*x", "&x", "!x", "%x", "@x", "`x", "'q'", "\"q\"", "a,b", "T-shirt/top", "\u65e5\u672c", "caf\xe9", "a\x01b", "\ufeffx", "a\nb", "---", "...",
	})
	label := rapid.OneOf(word, rapid.Map(rapid.StringN(1, 8, -1), func(text string) string { return "x" + text }))
	rapid.Check(t, func(rt *rapid.T) {
		rates := rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 4).Draw(rt, "rates")
		opts := config.Options{Sets: []string{
			"seed=" + config.Format(rapid.Uint64().Draw(rt, "seed")),
			"attackers.p=" + config.Format(rapid.Float64Range(0, 1).Draw(rt, "p")),
			"attackers.rates=" + config.Format(rates),
			"attackers.label=" + label.Draw(rt, "label"),
			"train.lr=" + config.Format(rapid.Float64Range(1e-9, 10).Draw(rt, "lr")),
			"train.nesterov=" + config.Format(rapid.Bool().Draw(rt, "nesterov")),
		}}
		if rapid.Bool().Draw(rt, "p0 set") {
			opts.Sets = append(opts.Sets, "attackers.p0="+config.Format(rapid.Float64Range(0, 1).Draw(rt, "p0")))
		}
		resolved, err := config.Load(opts)
		require.NoError(rt, err)
		text, err := resolved.YAML()
		require.NoError(rt, err)
		require.NoError(rt, os.WriteFile(file, text, 0o600))
		back, err := config.Load(config.Options{File: file})
		require.NoError(rt, err, "%s", text)
		// The settings are compared, in which an empty list and a missing list are equal.
		want, got := resolved.Settings(), back.Settings()
		for i := range want {
			require.Equal(rt, config.Format(want[i].Value), config.Format(got[i].Value), want[i].Key)
			require.Equal(rt, want[i].Value == nil, got[i].Value == nil, want[i].Key)
		}
	})
}

func TestYAMLTellsSources(t *testing.T) {
	resolved, err := config.Load(config.Options{Preset: "quick", Sets: []string{"train.epochs=2"}})
	require.NoError(t, err)
	text, err := resolved.YAML()
	require.NoError(t, err)
	require.Contains(t, string(text), "  epochs: 2 # --set\n")
	require.Contains(t, string(text), "  counts: [1, 2, 5, 10] # preset quick\n")
	require.Contains(t, string(text), "  p0: null # default\n")
	require.Contains(t, string(text), `  label: '#2' # default`)
}
