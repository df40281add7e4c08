package runtest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// verifiable is a store with the game of two attackers, with all artefacts, and
// theirs alone, and the hash of that game. It is a copy that a test may change.
func Verifiable(t *testing.T) (*store.Store, string) {
	t.Helper()
	plan := enginetest.NewPlan(t)
	enginetest.Pristine.Do(func() {
		dir, err := os.MkdirTemp("", "backfire-verifiable-")
		require.NoError(t, err)
		store, err := store.Open(dir)
		require.NoError(t, err)
		runner, _ := NewRunner(store, 1, enginetest.Fault{})
		_, err = runner.Run(context.Background(), plan.Cells[:2])
		require.NoError(t, err)
		runner.Artefacts = enginetest.Everything
		_, err = runner.Run(context.Background(), plan.Cells[2:3])
		require.NoError(t, err)
		enginetest.PristineDir = dir
	})
	require.NotEmpty(t, enginetest.PristineDir)
	dir := filepath.Join(t.TempDir(), "runs")
	require.NoError(t, os.CopyFS(dir, os.DirFS(enginetest.PristineDir)))
	store, err := store.Open(dir)
	require.NoError(t, err)
	return store, plan.Games[1].Cell
}
