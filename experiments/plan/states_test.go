package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/enginetest"
)

// With slices, the model without an attacker starts from the state before that attacker's slice; those without
// an attacker of the first slice start from the initial weights. An attribution starts from the end of its base.
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
	attribution, _ := unknown.Cell(enginetest.DefenderOf(t, unknown, "indexing_unknown").Models[1])
	base, err := attribution.WithoutAttribution().Hash()
	require.NoError(t, err)
	from, err := attribution.GoesOnFrom()
	require.NoError(t, err)
	require.Equal(t, []string{base}, from)
}
