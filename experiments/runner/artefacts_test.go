package runner_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// A result that lacks requested artefacts is trained again, to the same figures, and keeps those
// that it had. No other result is trained again.
func TestStoredResultsGetTheArtefactsAskedFor(t *testing.T) {
	plan, st := enginetest.NewPlan(t), enginetest.OpenStore(t)
	all := enginetest.Hashes(t, plan)
	run := func(cells []cell.Cell, artefacts store.Artefacts) (*runner.Outcome, []worker.Event) {
		runner, seen := runtest.NewRunner(st, 1, enginetest.Fault{})
		runner.Artefacts = artefacts
		outcome, err := runner.Run(context.Background(), cells)
		require.NoError(t, err)
		enginetest.RequireNoLeftovers(t, st)
		return outcome, seen.Of(worker.KindLacking)
	}
	run(plan.Cells[:2], store.Artefacts{})
	before := stored(t, st, all[1])
	outcome, lacking := run(plan.Cells[1:2], store.Artefacts{Model: true, Archive: true})
	require.Equal(t, &runner.Outcome{Cells: 1, Trained: 1}, outcome)
	require.Len(t, lacking, 1)
	require.Equal(t, "it lacks model.safetensors, training.npz", lacking[0].Error)
	require.Equal(t, before.Digest, stored(t, st, all[1]).Digest)

	outcome, lacking = run(plan.Cells[:3], store.Artefacts{Triggers: true})
	require.Equal(t, &runner.Outcome{Cells: 3, Trained: 3}, outcome)
	require.Len(t, lacking, 2, "the third was not stored")
	record, err := st.Read(all[1])
	require.NoError(t, err)
	require.Equal(t, store.Artefacts{Model: true, Triggers: true, Archive: true}, record.Artefacts())
	require.Contains(t, record.Files(), "triggers/attacker-1.png")

	outcome, lacking = run(plan.Cells[:3], store.Artefacts{})
	require.Equal(t, &runner.Outcome{Cells: 3, Stored: 3}, outcome)
	require.Empty(t, lacking)
}
