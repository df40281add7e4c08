package plan_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// The choices that are fixed before training are part of the sweep's name, and a stored
// plan keeps them.
func TestPrimaryIsPartOfTheName(t *testing.T) {
	point := enginetest.TinyPoint(t, "a", func(*config.Config) {})
	named := func(primary *plan.Primary) string {
		sweep := enginetest.NewSweep(t, point)
		sweep.Primary = primary
		hash, err := sweep.Hash()
		require.NoError(t, err)
		return hash
	}
	seen := map[string]bool{named(nil): true}
	for _, change := range []func(*plan.Primary){
		func(*plan.Primary) {},
		func(p *plan.Primary) { p.Claims = []string{"C1", "C2"} },
		func(p *plan.Primary) { p.Margins.Effect = 0.1 },
		func(p *plan.Primary) { p.Reading = map[string]string{"attackers.p": "0.2"} },
		func(p *plan.Primary) { p.Looks = []int{12} },
	} {
		primary := &plan.Primary{Claims: []string{"C1"}}
		change(primary)
		hash := named(primary)
		require.False(t, seen[hash])
		seen[hash] = true
	}

	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	sweep := enginetest.NewSweep(t, point)
	sweep.Primary = &plan.Primary{Claims: []string{"C4"}, Looks: []int{12, 24}}
	stored, err := plan.NewStoredPlan(sweep, store.Build{})
	require.NoError(t, err)
	_, err = stored.Write(context.Background(), st)
	require.NoError(t, err)
	read, err := plan.ReadStored(st, stored.Sweep, store.Build{})
	require.NoError(t, err)
	again, err := read.NewSweep(context.Background(), enginetest.Loader)
	require.NoError(t, err)
	require.Equal(t, sweep.Primary, again.Primary)
}
