package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/enginetest"
)

// With slices it is the state before an attacker's slice that the model without it
// goes on from; those of the first slice begin with the initial weights. An inquiry
// goes on from the end of its base.
func TestGoesOnFrom(t *testing.T) {
	plan, defender := enginetest.SlicedPlan(t)
	first := enginetest.FirstSlice(t, plan, defender)
	sliced, _ := plan.Cell(defender.Models[0])
	between, err := sliced.Prefix(1).Hash()
	require.NoError(t, err)
	beginning := 0
	for _, cell := range plan.Cells {
		from, err := cell.GoesOnFrom()
		require.NoError(t, err)
		if len(from) == 0 {
			beginning++
			continue
		}
		require.Equal(t, []string{between}, from)
		require.NotContains(t, first, cell.Defense.Excluded[0])
	}
	require.Equal(t, 1+1+2, beginning)

	unknown := enginetest.DefendedPlan(t, enginetest.UnknownConfig(t))
	inquiry, _ := unknown.Cell(enginetest.DefenderOf(t, unknown, "indexing_unknown").Models[1])
	base, err := inquiry.WithoutAttribution().Hash()
	require.NoError(t, err)
	from, err := inquiry.GoesOnFrom()
	require.NoError(t, err)
	require.Equal(t, []string{base}, from)
}
