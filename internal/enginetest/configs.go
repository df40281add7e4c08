package enginetest

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/config"
	"backfire/defenses"
	"backfire/experiments/plan"
)

// DefendedConfig returns a configuration that plays N = 1 and 3 on the tiny set for two epochs,
// attacker 0 also alone, with the given defenders.
func DefendedConfig(t *testing.T, defenders ...string) config.Config {
	t.Helper()
	cfg, err := Config()
	require.NoError(t, err)
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{1, 3}, 1, 2
	cfg.Defenders = defenders
	return cfg
}

// UnknownConfig returns a configuration that plays three attackers against defenders that answer
// queries with and without an index.
func UnknownConfig(t *testing.T) config.Config {
	t.Helper()
	cfg := DefendedConfig(t, "indexing", "indexing_grouped", "indexing_unknown")
	cfg.Attackers.Counts, cfg.Attackers.Singles = []int{3}, 0
	cfg.Defenses.Set("indexing.models", 2)
	cfg.Defenses.Set("indexing.batch", 5)
	cfg.Defenses.Set("indexing.query", "batch")
	return cfg
}

// WeakConfig returns a change of a configuration to N = 1, 2, 3 and triggers that do not always
// work on the tiny set, verified by a bound of the single ASR.
func WeakConfig(bound float64) func(*config.Config) {
	return func(c *config.Config) {
		p0, p1, p2 := 0.9, 0.6, 0.9
		c.Attackers.Counts, c.Attackers.P0, c.Attackers.P1, c.Attackers.P2 = []int{1, 2, 3}, &p0, &p1, &p2
		c.Trigger.MinSingleASR = bound
	}
}

// WeakBound is a bound of the single ASR that, with WeakConfig, attacker 0 reaches with its fifth
// trigger, attacker 1 with its seventh and attacker 2 with its first.
const WeakBound = 0.6

// Usually returns a point of a sweep with the settings of WeakConfig and a change. Its triggers are
// verified at p0 = 0.9, p1 = 0.6, p2 = 0.9, without the change.
func Usually(t require.TestingT, name string, bound float64, change func(*config.Config)) plan.SweepPoint {
	point := TinyPoint(t, name, func(c *config.Config) { WeakConfig(bound)(c); change(c) })
	verify := TinyPoint(t, name, WeakConfig(bound)).Config
	verify.Attackers.Counts, verify.Seed = point.Config.Attackers.Counts, point.Config.Seed
	point.Verify = &verify
	return point
}

// DownTheTable returns the points of a small table 1: N grows; attacker 0 has a trigger of its own
// size; all attackers have other triggers, and no attacker plays alone.
func DownTheTable(t require.TestingT, bound float64) []plan.SweepPoint {
	p1 := 0.7
	return []plan.SweepPoint{
		Usually(t, "N grows", bound, func(*config.Config) {}),
		Usually(t, "attacker 0", bound, func(c *config.Config) {
			c.Attackers.Counts, c.Attackers.P1, c.Attackers.P = []int{3}, nil, 0.6
			c.Attackers.Rates = []float64{0.7}
		}),
		Usually(t, "all", bound, func(c *config.Config) {
			c.Attackers.Counts, c.Attackers.P1, c.Attackers.Singles = []int{3}, &p1, 0
		}),
	}
}

// PictureFile writes a PNG of side by side pixels, transparent but for a square of 2 by 2 pixels of
// one grey in its corner. It returns the path.
func PictureFile(t *testing.T, name string, side int, grey uint8) string {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, side, side))
	for at := range 4 {
		picture.SetNRGBA(at%2, at/2, color.NRGBA{R: grey, G: grey, B: grey, A: 255})
	}
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, picture))
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))
	return path
}

// Pictured returns a configuration that plays two attackers with pictures as triggers.
func Pictured(t *testing.T, files ...string) config.Config {
	t.Helper()
	cfg, err := Config()
	require.NoError(t, err)
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{2}, 1, 2
	cfg.Trigger.Kind, cfg.Trigger.Files = "image", files
	return cfg
}

// InPrecision returns a change of a configuration to a precision.
func InPrecision(precision string) func(*config.Config) {
	return func(c *config.Config) { c.Train.Precision = precision }
}

// StackOf parses a stack of defenses with its settings, in the form that cells have.
func StackOf(t *testing.T, text string) defenses.Stack {
	t.Helper()
	var s defenses.Stack
	require.NoError(t, yaml.Unmarshal([]byte(text), &s))
	return s
}
