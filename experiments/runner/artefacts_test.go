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

// A result that lacks requested artefacts gets them and keeps those that it had. It is trained again, to the
// same figures, only for a model. No other result is trained again.
func TestStoredResultsGetTheArtefactsAskedFor(t *testing.T) {
	plan, st := enginetest.NewPlan(t), enginetest.OpenStore(t)
	all := enginetest.Hashes(t, plan)
	kind := worker.KindLacking
	run := func(cells []cell.Cell, artefacts store.Artefacts) (*runner.Outcome, []worker.Event) {
		runner, seen := runtest.NewRunner(st, 1, enginetest.Fault{})
		runner.Artefacts = artefacts
		outcome, err := runner.Run(context.Background(), cells)
		require.NoError(t, err)
		enginetest.RequireNoLeftovers(t, st)
		return outcome, seen.Of(kind)
	}
	run(plan.Cells[:2], store.Artefacts{})
	before := stored(t, st, all[1])
	outcome, lacking := run(plan.Cells[1:2], store.Artefacts{Model: true, Archive: true})
	require.Equal(t, &runner.Outcome{Cells: 1, Trained: 1}, outcome)
	require.Len(t, lacking, 1)
	require.Equal(t, "it lacks model.safetensors, training.npz", lacking[0].Error)
	require.Equal(t, before.Digest, stored(t, st, all[1]).Digest)

	trained, err := st.Read(all[1])
	require.NoError(t, err)
	kind = worker.KindCompleted
	outcome, lacking = run(plan.Cells[:3], store.Artefacts{Triggers: true})
	require.Equal(t, &runner.Outcome{Cells: 3, Trained: 3}, outcome)
	require.Len(t, lacking, 2, "the third was not stored")
	record, err := st.Read(all[1])
	require.NoError(t, err)
	require.Equal(t, store.Artefacts{Model: true, Triggers: true, Archive: true}, record.Artefacts())
	require.Contains(t, record.Files(), "triggers/attacker-1.png")
	require.Equal(t, trained.Result.Provenance.Finished, record.Result.Provenance.Finished, "it was not trained again")

	outcome, lacking = run(plan.Cells[1:2], store.Artefacts{Divergence: true})
	require.Equal(t, &runner.Outcome{Cells: 1, Trained: 1}, outcome)
	require.Len(t, lacking, 1, "its model is stored")
	record, err = st.Read(all[1])
	require.NoError(t, err)
	require.Equal(t, store.Artefacts{Model: true, Triggers: true, Archive: true, Divergence: true}, record.Artefacts())
	require.Equal(t, trained.Result.Provenance.Finished, record.Result.Provenance.Finished)

	outcome, lacking = run(plan.Cells[:3], store.Artefacts{})
	require.Equal(t, &runner.Outcome{Cells: 3, Stored: 3}, outcome)
	require.Empty(t, lacking)
}
