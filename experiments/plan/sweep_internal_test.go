package plan

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
)

// Table 3 with N = 100, on the images inside the program, has 100 models of agent indexing and four others. The
// refusal of a smaller pool names the smallest one that works.
func TestTable3WithHundredAttackers(t *testing.T) {
	plan := func(pool string) (*Sweep, error) {
		table, err := config.LoadSweep("table3", config.Options{Flags: map[string]string{"attackers.counts": "100", "pool.size": pool}}, 1)
		require.NoError(t, err)
		point := table.Points[0]
		return NewSweep(context.Background(), []SweepPoint{{Name: point.Name, Keys: point.Keys, Config: point.Config}}, datasets.Load)
	}
	_, err := plan("665")
	require.ErrorIs(t, err, cell.ErrPlan)
	require.ErrorContains(t, err, "finds nothing to poison among its 2: the smallest pool that works for 100 attackers is 666")
	sweep, err := plan("666")
	require.NoError(t, err)
	require.Len(t, sweep.Cells, 108)
}
