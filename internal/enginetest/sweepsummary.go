package enginetest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/store"
)

// weakConfig plays N = 1, 2, 3 with triggers that do not always work on the tiny
// set.
func WeakConfig(bound float64) func(*config.Config) {
	return func(c *config.Config) {
		p0, p1, p2 := 0.5, 0.5, 0.9
		c.Attackers.Counts, c.Attackers.P0, c.Attackers.P1, c.Attackers.P2 = []int{1, 2, 3}, &p0, &p1, &p2
		c.Trigger.MinSingleASR = bound
	}
}

// weakBound is reached by the third trigger of attacker 0, a later one of
// attacker 1 and the second of attacker 2.
const WeakBound = 0.6

// content is what in the files of a store depends on the cells alone.
func Content(t *testing.T, st *store.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{store.CellFile, store.ResultFile, store.PoisonFile, store.PredictionsFile} {
		paths, err := filepath.Glob(filepath.Join(st.Dir(), "*", name))
		require.NoError(t, err)
		for _, path := range paths {
			relative, err := filepath.Rel(st.Dir(), path)
			require.NoError(t, err)
			all[relative] = OfCell(t, path)
		}
	}
	return all
}
