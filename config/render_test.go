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
	rapid.Check(t, func(rt *rapid.T) {
		rates := rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 4).Draw(rt, "rates")
		opts := config.Options{Sets: []string{
			"seed=" + config.Format(rapid.Uint64().Draw(rt, "seed")),
			"attackers.p=" + config.Format(rapid.Float64Range(0, 1).Draw(rt, "p")),
			"attackers.rates=" + config.Format(rates),
			"attackers.label=" + rapid.SampledFrom([]string{"2", "bird", "true", "null", "1e3", "a: b", "# c", "T-shirt/top"}).Draw(rt, "label"),
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
	require.Contains(t, string(text), `  label: "2" # default`)
}
