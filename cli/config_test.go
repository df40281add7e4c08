package cli

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
)

func TestConfigShowOptions(t *testing.T) {
	streams, _, _ := testStreams()
	streams.Environ = []string{"BACKFIRE_SEED=3"}
	var got *configShowOptions
	cmd := newCmdConfigShow(streams, func(_ context.Context, opts *configShowOptions) error {
		got = opts
		return nil
	})
	cmd.SetArgs([]string{"--preset", "quick", "--set", "seed=2", "--width", "4", "--format", "json"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, &configShowOptions{
		IO: streams, Format: "json",
		Config: config.Options{Preset: "quick", Environ: streams.Environ, Sets: []string{"seed=2"}, Flags: map[string]string{"model.width": "4"}},
	}, got)
}

func TestConfigShowTable(t *testing.T) {
	code, out, errOut := runMain(t, "config", "show", "--preset", "quick", "--seed", "9")
	require.Equal(t, ExitOK, code)
	require.Empty(t, errOut)
	for _, want := range [][]string{
		{"KEY", "VALUE", "SOURCE"},
		{"seed", "9", "flag", "--seed"},
		{"model.width", "8", "preset", "quick"},
		{"attackers.p0", "(unset)", "default"},
		{"data.path", "(empty)", "default"},
		{"attackers.counts", "1,2,5,10", "preset", "quick"},
	} {
		require.Contains(t, fieldsOfLines(out), want)
	}
	require.Equal(t, 1+len(config.Keys()), strings.Count(out, "\n"), "one line for each key")
}

// fieldsOfLines splits every line at its spaces.
func fieldsOfLines(text string) [][]string {
	var lines [][]string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Fields(line))
	}
	return lines
}

func TestConfigShowYAMLIsAConfigurationFile(t *testing.T) {
	code, first, _ := runMain(t, "config", "show", "--preset", "quick", "--p", "0.4", "--format", "yaml")
	require.Equal(t, ExitOK, code)
	file := filepath.Join(t.TempDir(), "my.yaml")
	require.NoError(t, os.WriteFile(file, []byte(first), 0o600))
	code, second, _ := runMain(t, "config", "show", "--config", file, "--format", "json")
	require.Equal(t, ExitOK, code)
	require.Equal(t, 0.4, settingsOf(t, second)["attackers.p"].Value)
	require.Equal(t, "file "+file, settingsOf(t, second)["attackers.p"].Source)
}

// settingsOf reads the JSON of config show.
func settingsOf(t *testing.T, text string) map[string]config.Setting {
	t.Helper()
	var list []config.Setting
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	settings := map[string]config.Setting{}
	for _, setting := range list {
		settings[setting.Key] = setting
	}
	return settings
}

func TestConfigShowJSON(t *testing.T) {
	_, out, _ := runMain(t, "config", "show", "--set", "attackers.p0=0.5", "--format", "json")
	settings := settingsOf(t, out)
	require.Len(t, settings, len(config.Keys()))
	require.Equal(t, config.Setting{Key: "attackers.p0", Value: 0.5, Source: "--set"}, settings["attackers.p0"])
	require.Equal(t, config.Setting{Key: "attackers.p1", Value: nil, Source: "default"}, settings["attackers.p1"])
	require.Equal(t, true, settings["asr.exclude_target_class"].Value)
}

func TestConfigKeys(t *testing.T) {
	code, out, _ := runMain(t, "config", "keys")
	require.Equal(t, ExitOK, code)
	require.Contains(t, out, "model.width = 64\n")
	require.Contains(t, out, "    values: whole number from 1 to 1024\n    also: --width, BACKFIRE_MODEL_WIDTH\n")
	require.Contains(t, out, "BACKFIRE_DATA_DIR, BACKFIRE_DATA\n")

	code, out, _ = runMain(t, "config", "keys", "--format", "markdown")
	require.Equal(t, ExitOK, code)
	require.Equal(t, config.Reference(), out)
}

func TestConfigPresets(t *testing.T) {
	code, out, _ := runMain(t, "config", "presets")
	require.Equal(t, ExitOK, code)
	require.Equal(t, len(config.Presets()), strings.Count(out, "\n"))

	code, out, _ = runMain(t, "config", "presets", "paper")
	require.Equal(t, ExitOK, code)
	require.Contains(t, out, "width: 64")

	code, _, errOut := runMain(t, "config", "presets", "papper")
	require.Equal(t, ExitUsage, code)
	require.Contains(t, errOut, "the nearest one is paper")
}

// The names in config's declaration and in the datasets package are the same:
// config stands alone, so nothing but this test holds them together.
func TestDatasetNamesAgree(t *testing.T) {
	var names []string
	for _, info := range datasets.Names() {
		names = append(names, info.Name)
	}
	for _, key := range config.Keys() {
		if key.Name == "data.name" {
			require.ElementsMatch(t, names, key.Oneof)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, args := range [][]string{
		{"config", "show"},
		{"config", "show", "--format", "yaml"},
		{"config", "show", "--format", "json"},
		{"config", "keys"},
		{"config", "presets"},
		{"version"},
	} {
		streams, _, errOut := testStreams()
		streams.Out = fullDisk{}
		require.Equal(t, ExitFailure, Main(context.Background(), args, streams), "%v", args)
		require.Equal(t, "backfire: write the output: no space left\n", errOut.String(), "%v", args)
	}
}
