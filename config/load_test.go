package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// writeFile writes a configuration file into a temporary directory and returns its
// path.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "my.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// Each source overrides all earlier ones. All of them set the same key here.
func TestOrderOfSources(t *testing.T) {
	file := writeFile(t, "train:\n  epochs: 12\n")
	opts := config.Options{}
	for _, step := range []struct {
		add    func()
		want   int
		source string
	}{
		{func() {}, 50, "default"},
		{func() { opts.Preset = "quick" }, 6, "preset quick"},
		{func() { opts.File = file }, 12, "file " + file},
		{func() { opts.Environ = []string{"BACKFIRE_TRAIN_EPOCHS=13"} }, 13, "env BACKFIRE_TRAIN_EPOCHS"},
		{func() { opts.Sets = []string{"train.epochs=14"} }, 14, "--set"},
		{func() { opts.Flags = map[string]string{"train.epochs": "15"} }, 15, "flag --epochs"},
	} {
		step.add()
		resolved, err := config.Load(opts)
		require.NoError(t, err)
		require.Equal(t, step.want, resolved.Config.Train.Epochs, step.source)
		require.Equal(t, step.source, resolved.Sources["train.epochs"])
	}
}

// The defaults are the values of the paper, on the embedded data.
func TestDefaults(t *testing.T) {
	resolved, err := config.Load(config.Options{})
	require.NoError(t, err)
	require.Equal(t, config.Config{
		Seed:      1,
		Seeds:     config.Seeds{Trainings: 1},
		Data:      config.Data{Name: "embedded", Split: "auto", Contributors: "none"},
		Deal:      config.Deal{DefenderShare: 0.4, HeldOut: 0.2, Seats: "max"},
		Attackers: config.Attackers{Counts: []int{1, 2, 3, 4, 5}, Singles: 5, Labels: "same", Label: "#2", P: 0.2, Budget: "non_target", Mapping: "all_to_one", LabelMode: "dirty"},
		Trigger:   config.Trigger{Kind: "random", Place: "random", Colour: "random", Alpha: 1, Range: "per_dimension", Sampling: "per_agent"},
		ASR:       config.ASR{ExcludeTargetClass: true, Denominator: "own"},
		Model:     config.Model{Architecture: "resnet18", Stem: "small", Width: 64},
		Train:     config.Train{Epochs: 50, Batch: 32, Optimizer: "sgd", LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "onecycle", Precision: "fp32", Kernels: "auto", ScoreImages: 25},
		Defenders: []string{"none"},
		Artefacts: config.Artefacts{Model: "auto", Images: "none"},
		Device:    "auto",
		Store:     "runs",

		Indexing: config.Indexing{Mode: "exact", Similarity: "mmd", Query: "image", Batch: 32, Queries: 1000, Update: "retrain", UnlearnSteps: 10, UnlearnLR: 0.003},
	}, resolved.Config)
	for key, source := range resolved.Sources {
		require.Equal(t, "default", source, key)
	}
	require.Len(t, resolved.Sources, len(config.Keys()))
}

func TestListsAreReplaced(t *testing.T) {
	resolved, err := config.Load(config.Options{Preset: "quick", Sets: []string{"attackers.counts=3"}})
	require.NoError(t, err)
	require.Equal(t, []int{3}, resolved.Config.Attackers.Counts)
}

func TestOptionalKeysCanBeUnset(t *testing.T) {
	file := writeFile(t, "attackers: {p0: 0.5, p1: 0.1}")
	resolved, err := config.Load(config.Options{File: file})
	require.NoError(t, err)
	require.Equal(t, 0.5, *resolved.Config.Attackers.P0)
	require.Nil(t, resolved.Config.Attackers.P2)

	resolved, err = config.Load(config.Options{File: file, Sets: []string{"attackers.p0="}})
	require.NoError(t, err)
	require.Nil(t, resolved.Config.Attackers.P0)
	require.Equal(t, 0.1, *resolved.Config.Attackers.P1)
	require.Equal(t, "--set", resolved.Sources["attackers.p0"])
}

// refusedOptions are options that Load refuses, each with the error.
var refusedOptions = []struct {
	name string
	opts config.Options
	want string
}{
	{
		"unknown key in --set",
		config.Options{Sets: []string{"model.widht=8"}},
		"config: model.widht (--set): is not a key; the nearest one is model.width",
	},
	{
		"key without its section",
		config.Options{Sets: []string{"epochs=8"}},
		"config: epochs (--set): is not a key; the nearest one is train.epochs",
	},
	{
		"capitals",
		config.Options{Sets: []string{"Seed=8"}},
		"config: Seed (--set): is not a key; the nearest one is seed",
	},
	{
		"section as a key",
		config.Options{Sets: []string{"attackers=5"}},
		"config: attackers (--set): is a section, not a key; give its keys, such as attackers.counts",
	},
	{
		"--set without a value",
		config.Options{Sets: []string{"seed"}},
		"config: --set seed: must be key=value, such as --set train.epochs=5",
	},
	{
		"out of range by --set",
		config.Options{Sets: []string{"attackers.p=1.5"}},
		"config: attackers.p = 1.5 (--set): must be a number from 0 to 1",
	},
	{
		"wrong type by flag",
		config.Options{Flags: map[string]string{"train.epochs": "many"}},
		"config: train.epochs = many (flag --epochs): must be a whole number, at least 1",
	},
	{
		"wrong type by variable",
		config.Options{Environ: []string{"BACKFIRE_ATTACKERS_P=high"}},
		"config: attackers.p = high (env BACKFIRE_ATTACKERS_P): must be a number from 0 to 1",
	},
	{
		"unknown variable",
		config.Options{Environ: []string{"BACKFIRE_MODEL_WIDHT=8"}},
		"config: environment variable BACKFIRE_MODEL_WIDHT is not known; the nearest one is BACKFIRE_MODEL_WIDTH",
	},
	{
		"unknown preset",
		config.Options{Preset: "quik"},
		`config: preset "quik" is not known; the nearest one is quick (of quick, as-reported, workstation, authors, paper)`,
	},
	{
		"a wrong value that would be overridden",
		config.Options{Sets: []string{"seed=x", "seed=1"}},
		"config: seed = x (--set): must be a whole number",
	},
	{
		"contradiction, with the place of the key at fault",
		config.Options{Sets: []string{"data.path=elsewhere"}},
		"config: data.path = elsewhere (--set): is not read with data.name = embedded; set data.name to the dataset that lies there",
	},
}

func TestLoadRefuses(t *testing.T) {
	for _, tc := range refusedOptions {
		t.Run(tc.name, func(t *testing.T) {
			resolved, err := config.Load(tc.opts)
			require.EqualError(t, err, tc.want)
			require.ErrorIs(t, err, config.ErrInvalid)
			require.Nil(t, resolved)
		})
	}
}

func TestFileRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"unknown key", "seed: 1\nmodel:\n  widht: 8\n", "FILE:3): is not a key; the nearest one is model.width"},
		{"unknown section", "modle:\n  width: 8\n", "config: modle.width (file FILE:2): is not a key; the nearest one is model.width"},
		{"empty unknown section", "modle: {}\n", "config: modle (file FILE:1): is not a key"},
		{"wrong type", "train:\n  epochs: [1, 2]\n", "config: train.epochs = 1,2 (file FILE:2): is a list; it must be a whole number, at least 1"},
		{"mapping for a value", "train:\n  epochs: {a: 1}\n", "FILE:2): is not a single value; it must be a whole number, at least 1"},
		{"no value", "train:\n  epochs:\n", "config: train.epochs (file FILE:2): has no value; it must be a whole number, at least 1"},
		{"value for a section", "train: 5\n", "config: train (file FILE:1): is a section, not a key; give its keys, such as train.epochs"},
		{"twice", "seed: 1\nseed: 2\n", "config: seed (file FILE:2): was already given in line 1"},
		{"twice in two ways", "train: {epochs: 1}\ntrain.epochs: 2\n", "config: train.epochs (file FILE:2): was already given in line 1"},
		{"not YAML", "seed: [1\n", "config: file FILE: yaml: line"},
		{"a list", "- seed\n", "config: file FILE:1: holds no settings; each is written as key: value"},
		{"two documents", "seed: 1\n---\nseed: 2\n", "config: file FILE:3: holds more than one YAML document; the first begins at line 1"},
		{"an alias to itself", "seed: &a [*a]\n", "config: seed (file FILE:1): "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := writeFile(t, tc.text)
			_, err := config.Load(config.Options{File: file})
			require.ErrorContains(t, err, strings.ReplaceAll(tc.want, "FILE", file))
			require.ErrorIs(t, err, config.ErrInvalid)
		})
	}
	missing := filepath.Join(t.TempDir(), "none.yaml")
	_, err := config.Load(config.Options{File: missing})
	require.ErrorIs(t, err, config.ErrInvalid)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, missing)
}

func TestFileForms(t *testing.T) {
	for name, text := range map[string]string{
		"nested":        "train:\n  epochs: 3\n",
		"written out":   "train.epochs: 3\n",
		"JSON":          `{"train": {"epochs": 3}}`,
		"alias":         "seed: &three 3\ntrain: {epochs: *three}\n",
		"empty section": "model:\ntrain: {epochs: 3}\n",
	} {
		resolved, err := config.Load(config.Options{File: writeFile(t, text)})
		require.NoError(t, err, name)
		require.Equal(t, 3, resolved.Config.Train.Epochs, name)
	}
	for name, text := range map[string]string{"empty": "", "comment": "# nothing yet\n", "null": "null\n"} {
		resolved, err := config.Load(config.Options{File: writeFile(t, text)})
		require.NoError(t, err, name)
		require.Equal(t, 50, resolved.Config.Train.Epochs, name)
	}
}

func TestEnvironment(t *testing.T) {
	load := func(environ ...string) *config.Resolved {
		resolved, err := config.Load(config.Options{Environ: environ})
		require.NoError(t, err)
		return resolved
	}
	resolved := load("PATH=/bin", "BACKFIRE_CACHE=/c", "BACKFIRE_VARIANT=cpu", "BACKFIRE_SEED=", "BACKFIRE_ATTACKERS_COUNTS=1,3")
	require.Equal(t, uint64(1), resolved.Config.Seed, "an empty variable counts as not set")
	require.Equal(t, []int{1, 3}, resolved.Config.Attackers.Counts)

	resolved = load("BACKFIRE_DATA=/short")
	require.Equal(t, "/short", resolved.Config.Data.Dir)
	require.Equal(t, "env BACKFIRE_DATA", resolved.Sources["data.dir"])

	resolved = load("BACKFIRE_DATA_DIR=/long", "BACKFIRE_DATA=/short")
	require.Equal(t, "/long", resolved.Config.Data.Dir, "the variable named after the key wins in any order")
	require.Equal(t, "env BACKFIRE_DATA_DIR", resolved.Sources["data.dir"])
}
