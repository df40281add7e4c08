package config

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLoad reads configuration files of any content: what is accepted can be
// rendered and read again as the same, all else is refused as invalid.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("seed: 7\nattackers:\n  counts: [1, 2]\n  p: 0.3\n"))
	f.Add([]byte("attackers.labels: list\nattackers.targets: [bird, \"2\"]\ndefenders: [none, cutmix+indexing]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("trigger: {p1: .nan}\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "fuzz.yaml")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		resolved, err := Load(Options{File: path})
		if err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			return
		}
		for _, share := range []float64{resolved.Config.Attackers.P, resolved.Config.Deal.DefenderShare, resolved.Config.Deal.HeldOut} {
			require.False(t, math.IsNaN(share) || share < 0 || share > 1, "%v", share)
		}
		require.Len(t, resolved.Settings(), len(declared()))
	})
}

// FuzzSweep reads sweep files of any content.
func FuzzSweep(f *testing.F) {
	for _, name := range Sweeps() {
		text, err := SweepText(name)
		require.NoError(f, err)
		f.Add([]byte(text))
	}
	f.Add([]byte("name: x\ngrid: {seed: [1, 1]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if sweep, err := readSweep(text, "fuzz"); err != nil {
			require.ErrorIs(t, err, ErrInvalid)
		} else {
			require.NotEmpty(t, sweep.name)
		}
	})
}
