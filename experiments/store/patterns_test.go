package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

// Answers of programs are garbage when they are old, except for the stamped images of stored results.
func TestGarbageOfPrograms(t *testing.T) {
	st, later := enginetest.OpenStore(t), time.Now().Add(time.Hour)
	needed, other := strings.Repeat("1", 64), strings.Repeat("2", 64)
	dir := filepath.Join(st.Dir(), datasets.StampedDir)
	require.NoError(t, os.MkdirAll(dir, disk.DirMode))
	for _, name := range []string{needed + ".stamped", other + ".stamped", other + ".json"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("x"), disk.FileMode))
	}
	hash := strings.Repeat("a", 64)
	putResult(t, st, hash)
	result := filepath.Join(st.Path(hash), store.CellFile)
	listed := func(before time.Time) []string {
		garbage, err := st.Garbage(before, func(string, []byte) ([]string, error) { return nil, nil })
		require.NoError(t, err)
		var names []string
		for _, g := range garbage {
			if filepath.Dir(g.Path) == dir {
				names = append(names, filepath.Base(g.Path))
			}
		}
		return names
	}
	require.NoError(t, os.WriteFile(result, []byte("damaged: ["), disk.FileMode))
	require.Empty(t, listed(later), "a cell that cannot be read may need any of them")

	c := enginetest.ExampleCell()
	c.Game.Sampling = game.PerImage
	c.Game.Attackers[0].Trigger = triggers.Spec{Kind: triggers.Program, Command: "p", SHA256: needed, Stamped: needed}
	text, err := yaml.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(result, text, disk.FileMode))
	_, err = cell.Parse(text)
	require.NoError(t, err)
	require.Equal(t, []string{other + ".json", other + ".stamped"}, listed(later))
	require.Empty(t, listed(time.Now().Add(-time.Hour)))
}
