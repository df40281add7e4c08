package verify_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/inference"
	"backfire/experiments/store"
	"backfire/experiments/verify"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// A run whose models start from a file of weights passes it to its workers. Its results
// are verified with that file, and not without it.
func TestVerifyNeedsTheInitialWeights(t *testing.T) {
	path := enginetest.WriteWeights(t, "", enginetest.NewPlan(t).Cells[0], 0.5)
	point := enginetest.TinyPoint(t, "", func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Singles, c.Model.Weights = []int{2}, 0, path
		c.Train.StopWhen = "loss < 1e+300"
	})
	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	sweep := enginetest.NewSweep(t, point)
	summary, _, _ := runtest.RunSweep(t, sweep, st, 1)
	game := summary.Points[0].Games[0]
	require.Equal(t, []int{1}, game.EpochsTrained)
	require.EqualValues(t, 320, game.Cost.Images, "of one epoch")

	checks := func(path string) (note string, failed map[string]error) {
		failed = map[string]error{}
		v := &verify.Verifier{StoredModels: inference.StoredModels{
			Store: st, Load: enginetest.Loader, Weights: path, Command: enginetest.Command(enginetest.Fault{}), Device: onCPU,
		}}
		require.NoError(t, v.Verify(context.Background(), game.Cell, func(check verify.Check) {
			if check.Name == "data" {
				note = check.Note
			}
			if check.Err != nil {
				failed[check.Name] = check.Err
			}
		}))
		return note, failed
	}
	note, failed := checks(path)
	require.Empty(t, failed)
	require.Contains(t, note, "; initial weights, SHA-256 ")
	refused := func(path, want string) {
		_, failed := checks(path)
		require.Len(t, failed, 1, "the other checks need no weights")
		require.ErrorIs(t, failed["data"], cell.ErrWeights)
		require.ErrorContains(t, failed["data"], want)
	}
	refused("", "and model.weights names none")
	enginetest.WriteWeights(t, path, sweep.Cells[0], 0.25)
	refused(path, "the file has changed")
	require.NoError(t, os.Remove(path))
	refused(path, "no such file")
}

// A result with more or fewer epochs than its rule leaves is found.
func TestVerifyCountsTheEpochs(t *testing.T) {
	point := enginetest.TinyPoint(t, "", func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Singles, c.Train.StopWhen = []int{1}, 0, "loss < 1e+300 for 2 epochs"
	})
	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	summary, _, _ := runtest.RunSweep(t, enginetest.NewSweep(t, point), st, 1)
	hash := summary.Points[0].Games[0].Cell
	require.Empty(t, failing(t, st, hash))
	require.NoError(t, summary.Write(context.Background(), st))
	require.NoError(t, verify.Summary(st, summary.Path).Err)
	summary.Points[0].Games[0].EpochsTrained[0]++
	require.NoError(t, summary.Write(context.Background(), st))
	require.ErrorContains(t, verify.Summary(st, summary.Path).Err, "has other figures than its results")
	forgeResult(func(r *store.Result) { r.StepsTrained++ })(t, st.Path(hash))
	rewriteManifest(t, st, hash)
	require.ErrorContains(t, failing(t, st, hash)["figures"], "steps_trained")
}
