package worker_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
)

// An attribution asks with at most so many images of each owner, the same in each run, in batches
// that do not mix owners.
func TestAttributedProbes(t *testing.T) {
	plan := enginetest.DefendedPlan(t, enginetest.UnknownConfig(t))
	c, _ := plan.Cell(plan.Games[0].Cell)
	g, _, _ := enginetest.TrainingOf(t, c)
	list := g.Probes().List
	all := worker.NewAttributedProbes(cell.Attribution{Batch: 5}, list, 1)
	require.Len(t, all, len(list))
	few := worker.NewAttributedProbes(cell.Attribution{Batch: 4, Queries: 7}, list, 1)
	require.Len(t, few, 7*(1+3+3))
	require.Equal(t, few, worker.NewAttributedProbes(cell.Attribution{Batch: 4, Queries: 7}, list, 1))
	for _, a := range few {
		require.Equal(t, list[a.Position], a.Probe)
	}
	require.Len(t, worker.GroupProbes(few, indexing.Image), len(few))
	batches := worker.GroupProbes(few, indexing.Batch)
	require.Len(t, batches, 2*7)
	for _, group := range batches {
		require.LessOrEqual(t, len(group.Probes), 4)
		for _, i := range group.Probes {
			require.Equal(t, few[group.Probes[0]].Probe.Owner, few[i].Probe.Owner)
			require.Equal(t, few[group.Probes[0]].Probe.Trigger, few[i].Probe.Trigger)
		}
	}
}
