package engine

import (
	"context"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments"
)

// Models side by side in one process are bit-identical to those that are trained
// one by one.
func TestModelsInOneProcess(t *testing.T) {
	plan := tinyPlan(t, "model.width=4")
	digests := func(workers int) []string {
		store, err := experiments.OpenStore(t.TempDir())
		require.NoError(t, err)
		processes := 0
		runner := &experiments.Runner{
			Store: store, Workers: workers, PerProcess: workers, Threads: 1, Device: "cpu",
			Command: func() (*exec.Cmd, error) {
				processes++
				return testEngine()()
			},
		}
		outcome, err := runner.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &experiments.Outcome{Cells: 5, Trained: 5}, outcome)
		require.Equal(t, 1, processes)
		var all []string
		for _, cell := range plan.Cells {
			hash, err := cell.Hash()
			require.NoError(t, err)
			record, err := store.Read(hash)
			require.NoError(t, err)
			all = append(all, record.Result.Digest)
		}
		return all
	}
	require.Equal(t, digests(1), digests(3))
}
