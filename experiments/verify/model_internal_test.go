package verify

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/divergence"
	"backfire/experiments/store"
	"backfire/stats"
)

// divergencesApart measures differences, and refuses divergences of another training set or model.
func TestDivergencesApart(t *testing.T) {
	one := func() *store.Divergences {
		return &store.Divergences{Format: 1, Cell: "a", Divergences: []divergence.Divergence{
			{Part: divergence.All, Rows: 3, MMD2: 0.5, JS: 0.25}, {Part: divergence.Clean, Rows: 1, MMD2: stats.Undefined(), JS: stats.Undefined()},
		}}
	}
	apart, err := divergencesApart(one(), one())
	require.NoError(t, err)
	require.Zero(t, apart)
	other := one()
	other.Divergences[0].MMD2, other.Divergences[0].JS = 0.75, 0.125
	apart, err = divergencesApart(one(), other)
	require.NoError(t, err)
	require.InDelta(t, 0.25, apart, 0, "binary fractions")
	for _, change := range []func(*store.Divergences){
		func(d *store.Divergences) { d.Cell = "b" },
		func(d *store.Divergences) { d.Features++ },
		func(d *store.Divergences) { d.Divergences[1].JS = 0 },
		func(d *store.Divergences) { d.Divergences[1].Joint++ },
	} {
		other := one()
		change(other)
		_, err := divergencesApart(one(), other)
		require.Error(t, err)
	}
}
