package enginetest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// garbageOf lists what can go of a store, whatever its age: what nobody needs, and
// what open runs need.
func GarbageOf(t *testing.T, store *store.Store) (free, open []string) {
	t.Helper()
	garbage, err := store.Garbage(time.Now().Add(time.Hour), plan.References)
	require.NoError(t, err)
	for _, g := range garbage {
		path, err := filepath.Rel(store.Dir(), g.Path)
		require.NoError(t, err)
		if g.Open == nil {
			require.Empty(t, open, "what open runs need comes last")
			free = append(free, path)
		} else {
			open = append(open, path)
		}
	}
	return free, open
}
