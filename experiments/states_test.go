package experiments

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// With slices it is the state before an attacker's slice that is needed for the model
// without it, and only while that model is not stored; those of the first slice begin
// with the initial weights. An inquiry needs the end of its base.
func TestNeededStates(t *testing.T) {
	plan, defender := slicedPlan(t)
	first := firstSlice(t, plan, defender)
	sliced, _ := plan.Cell(defender.Models[0])
	unknown := defendedPlan(t, unknownConfig(t))
	inquiry, _ := unknown.Cell(defenderOf(t, unknown, "indexing_unknown").Models[1])
	cells := append(slices.Clone(plan.Cells), inquiry)
	store := openStore(t)
	states, err := store.States()
	require.NoError(t, err)

	needed, err := store.NeededStates(cells)
	require.NoError(t, err)
	require.Empty(t, needed, "what is not there is trained again")

	between, err := sliced.until(1).Hash()
	require.NoError(t, err)
	base, err := inquiry.base().Hash()
	require.NoError(t, err)
	ends := []string{stateFile(states, between), stateFile(states, base)}
	require.NoError(t, os.MkdirAll(states, dirMode))
	for _, path := range append(ends, filepath.Join(states, "of-nobody"+stateSuffix)) {
		require.NoError(t, os.WriteFile(path, nil, fileMode))
	}
	needed, err = store.NeededStates(cells)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{ends[0]: true, ends[1]: true}, needed)

	var of []Cell // that begin with the initial weights
	for _, cell := range plan.Cells {
		from, err := cell.GoesOnFrom()
		require.NoError(t, err)
		if len(from) == 0 {
			of = append(of, cell)
			continue
		}
		require.Equal(t, []string{between}, from)
		require.NotContains(t, first, cell.Defense.Excluded[0])
	}
	require.Len(t, of, 1+1+2)
	needed, err = store.NeededStates(of)
	require.NoError(t, err)
	require.Empty(t, needed)

	runner, _ := newRunner(store, 2, fault{})
	outcome, err := runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Empty(t, outcome.Failed)
	needed, err = store.NeededStates(cells)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{ends[1]: true}, needed, "the sliced models are stored")
}
