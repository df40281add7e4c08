package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/detect"
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// attribution returns the files of an attribution of the example, whose attackers have the IDs 3 and 4.
func attribution() store.ResultFiles {
	c := enginetest.ExampleCell()
	c.Attribution = &cell.Attribution{Batch: 2}
	f := store.ResultFiles{Cell: c, Unlearned: []uint8{0, 1, 2, 2, 1, 0}}
	for i, probe := range []game.Probe{
		{Owner: game.Defender, Trigger: game.NoTrigger, Label: 2},
		{Owner: 1, Trigger: game.NoTrigger, Label: 0},
		{Owner: 1, Trigger: 0, Label: 1},
	} {
		guesses := map[indexing.Form][]int{}
		for _, form := range indexing.Forms() {
			for k := range detect.Methods() {
				guesses[form] = append(guesses[form], (i+k)%2)
			}
		}
		f.AttributedProbes = append(f.AttributedProbes, store.AttributedProbe{Position: 10 * i, Probe: probe, Batch: i / 2, Guesses: guesses})
	}
	return f
}

func TestAttributionComesBack(t *testing.T) {
	dir, f := t.TempDir(), attribution()
	require.NoError(t, f.WriteAttribution(dir))
	record := &store.Record{Cell: f.Cell, Dir: dir}
	probes, err := record.AttributedProbes()
	require.NoError(t, err)
	require.Equal(t, f.AttributedProbes, probes)
	unlearned, err := record.UnlearnedPredictions()
	require.NoError(t, err)
	require.Equal(t, [][]uint8{{0, 1, 2}, {2, 1, 0}}, unlearned)

	other := t.TempDir()
	f.Cell.Attribution = nil
	require.NoError(t, f.WriteAttribution(other))
	names, err := disk.Files(other)
	require.NoError(t, err)
	require.Empty(t, names, "other cells have no such files")
}

func TestDamagedAttributionsAreRefused(t *testing.T) {
	f := attribution()
	for name, change := range map[string]func(text string) string{
		"another column":   func(text string) string { return strings.Replace(text, "batch", "lot", 1) },
		"a stranger":       func(text string) string { return strings.Replace(text, "\n10,4,", "\n10,5,", 1) },
		"no number":        func(text string) string { return strings.Replace(text, "\n10,", "\nten,", 1) },
		"a line cut off":   func(text string) string { return text[:len(text)-5] },
		"an empty file":    func(string) string { return "" },
		"a missing column": func(text string) string { return text[strings.Index(text, ",")+1:] },
	} {
		dir := t.TempDir()
		require.NoError(t, f.WriteAttribution(dir))
		path := filepath.Join(dir, store.QueriesFile)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		changed := change(string(text))
		require.NotEqual(t, string(text), changed, name)
		require.NoError(t, os.WriteFile(path, []byte(changed), disk.FileMode))
		_, err = (&store.Record{Cell: f.Cell, Dir: dir}).AttributedProbes()
		require.Error(t, err, name)
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, store.UnlearnedFile), []byte{1, 2, 3}, disk.FileMode))
	_, err := (&store.Record{Cell: f.Cell, Dir: dir}).UnlearnedPredictions()
	require.ErrorIs(t, err, store.ErrBroken)
}

// TestQueriesOfEarlierVersionsComeBack reads a file with the guesses of the first methods
// only.
func TestQueriesOfEarlierVersionsComeBack(t *testing.T) {
	const methods = 5
	dir, f := t.TempDir(), attribution()
	require.NoError(t, f.WriteAttribution(dir))
	path := filepath.Join(dir, store.QueriesFile)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	all, added := len(detect.Methods()), len(detect.Methods())-methods
	var kept []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ",")
		fields = slices.Concat(fields[:5+methods], fields[5+all:5+all+methods])
		kept = append(kept, strings.Join(fields, ","))
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(kept, "\n")+"\n"), 0o600))
	probes, err := (&store.Record{Cell: f.Cell, Dir: dir}).AttributedProbes()
	require.NoError(t, err)
	require.Positive(t, added)
	for i, probe := range probes {
		for _, form := range indexing.Forms() {
			require.Equal(t, f.AttributedProbes[i].Guesses[form][:methods], probe.Guesses[form])
		}
	}
}
