package config_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

func TestEveryPresetFileIsAPreset(t *testing.T) {
	files, err := os.ReadDir("presets")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file.Name(), ".yaml"))
	}
	require.ElementsMatch(t, config.Presets(), names)
}

func TestPresetsLoadAndExplainEveryValue(t *testing.T) {
	value := regexp.MustCompile(`^\s*\w+: +\S`)
	for _, name := range config.Presets() {
		_, err := config.Load(config.Options{Preset: name})
		require.NoError(t, err, name)
		require.NotEmpty(t, config.PresetSummary(name))
		text, err := config.PresetText(name)
		require.NoError(t, err)
		for line := range strings.Lines(text) {
			if value.MatchString(line) {
				require.Contains(t, line, " # ", "preset %s: a value without a comment", name)
			}
		}
	}
}

// The paper preset is the defaults on MNIST, spelled out, so that its reader sees
// everything that determines a result.
func TestPaperPresetIsTheDefaultsOnMNIST(t *testing.T) {
	paper, err := config.Load(config.Options{Preset: "paper"})
	require.NoError(t, err)
	defaults, err := config.Load(config.Options{Sets: []string{"data.name=mnist", "pool.size=50000", "deal.seats=100"}})
	require.NoError(t, err)
	require.Equal(t, defaults.Config, paper.Config)
	for _, key := range config.Keys() {
		silent := []string{"seeds.deal", "seeds.triggers", "seeds.training", "seeds.trainings", "attackers.seats", "attackers.transfers", "data.path", "data.dir", "data.resize", "data.contributors", "attackers.mapping", "attackers.sources", "trigger.place", "trigger.side", "trigger.colour", "trigger.alpha", "trigger.epsilon", "trigger.steps", "trigger.step_size", "trigger.surrogate_steps", "attackers.targets", "attackers.p0", "attackers.p1", "attackers.p2", "attackers.rates", "attackers.poison_rates", "attackers.trigger_sizes", "attackers.colluders", "attackers.kinds", "attackers.box_sizes", "attackers.pixel_shares", "trigger.kind", "trigger.files", "trigger.command", "trigger.version", "trigger.limit", "trigger.jitter", "model.weights", "model.architecture", "model.stem", "model.file", "train.stop_when", "train.score_every", "train.score_images", "artefacts.model", "artefacts.triggers", "artefacts.images", "artefacts.divergence", "artefacts.detection", "artefacts.detectors", "device", "workers", "threads", "store"}
		section, _, _ := strings.Cut(key.Name, ".")
		unused := slices.Contains(config.Defenses(), section) // the preset has no defense that it could set
		if paper.Sources[key.Name] == "default" && !unused {
			require.Contains(t, silent, key.Name)
		}
	}
}

// The preset authors has the choices that the authors state elsewhere.
func TestAuthorsPreset(t *testing.T) {
	authors, err := config.Load(config.Options{Preset: "authors"})
	require.NoError(t, err)
	c := authors.Config
	require.Equal(t, "whole", c.Trigger.Range)
	require.False(t, c.ASR.ExcludeTargetClass)
	require.Equal(t, config.Train{
		Epochs: 30, Batch: 128, Optimizer: "sgd", LR: 0.001, Momentum: 0.9, Schedule: "constant", Precision: "fp32", Kernels: "auto", ScoreImages: 25,
	}, c.Train)
}

// A newcomer starts with the quick preset, so it must not need a download.
func TestQuickPresetNeedsNoDownload(t *testing.T) {
	quick, err := config.Load(config.Options{Preset: "quick"})
	require.NoError(t, err)
	require.Equal(t, "embedded", quick.Config.Data.Name)
	require.Equal(t, []int{1, 2, 5, 10}, quick.Config.Attackers.Counts)
}

func TestPresetSummaryOfUnknown(t *testing.T) {
	require.Empty(t, config.PresetSummary("none"))
}
