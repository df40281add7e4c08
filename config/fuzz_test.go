package config

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzLoad reads configuration files of any content. A file that is accepted can be
// rendered and read back as the same configuration; any other file is refused as
// invalid.
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

// A file of a few hundred bytes whose anchors expand to a billion words is refused
// without using much memory.
func TestAliasBomb(t *testing.T) {
	lists := []string{"&a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"}
	for i := range 9 {
		lists = append(lists, fmt.Sprintf("&a%d [%s*a%d]", i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i))
	}
	bomb := "[" + strings.Join(lists, ", ") + "]\n"
	path := filepath.Join(t.TempDir(), "bomb.yaml")
	require.NoError(t, os.WriteFile(path, []byte("attackers.counts: "+bomb), 0o600))
	for name, read := range map[string]func() error{
		"configuration": func() error { _, err := Load(Options{File: path}); return err },
		"sweep": func() error {
			_, err := readSweep([]byte("name: x\ntitle: x\ngrid:\n  attackers.counts: "+bomb), "bomb")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			require.ErrorIs(t, read(), ErrInvalid)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
			t.Logf("%d bytes, %d KiB allocated: %v", len(bomb), (after.TotalAlloc-before.TotalAlloc)>>10, read())
		})
	}
}
