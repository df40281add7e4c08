package enginetest

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/defenses/indexing"
	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// slicedPlan plays four attackers that enter in two slices of two and three
// epochs.
func SlicedPlan(t *testing.T) (*plan.Plan, plan.PlannedDefender) {
	t.Helper()
	cfg := DefendedConfig(t, "indexing")
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Train.Epochs = []int{4}, 0, 5
	cfg.Indexing = config.Indexing{Mode: string(indexing.Sliced), Models: 2}
	plan := DefendedPlan(t, cfg)
	require.Len(t, plan.Cells, 1+1+4)
	return plan, plan.Games[0].Defenders[0]
}

// firstSlice returns the positions of the attackers that enter first.
func FirstSlice(t *testing.T, plan *plan.Plan, defender plan.PlannedDefender) []int {
	t.Helper()
	base, ok := plan.Cell(defender.Models[0])
	require.True(t, ok)
	require.Empty(t, base.Defense.Excluded)
	require.Len(t, base.Defense.Slices, 2)
	return base.Defense.Slices[0].Enter
}

// cellFiles are those of a result that depend on the cell alone.
func CellFiles(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{store.CellFile, store.ResultFile, store.PoisonFile, store.PredictionsFile} {
		all.WriteString(OfCell(t, filepath.Join(dir, name)))
	}
	return all.String()
}
