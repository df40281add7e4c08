package runner_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// On GPUs workers have cells prepared for them, one by one, in one process or in several, with faults
// and without: each cell is trained once, to the bytes of a run that prepares nothing.
func TestPreparingChangesNoResult(t *testing.T) {
	plan := enginetest.NewPlan(t)
	want, hash := undisturbed(t, plan), enginetest.Hashes(t, plan)[2]
	for name, tc := range map[string]struct {
		devices []runner.DeviceWorkers
		fault   enginetest.Fault
	}{
		"one worker":      {eight(1)[:1], enginetest.Fault{}},
		"one process":     {eight(3)[:1], enginetest.Fault{}},
		"several devices": {eight(2)[:2], enginetest.Fault{}},
		"kill -9":         {eight(2)[:1], enginetest.Fault{Cell: hash, Kind: "kill", Epoch: 2}},
		"a failure":       {eight(2)[:2], enginetest.Fault{Cell: hash, Kind: "fail", Epoch: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.fault.Kind != "" {
				tc.fault.Once = filepath.Join(t.TempDir(), "struck")
			}
			store := enginetest.OpenStore(t)
			r, seen := runtest.NewRunner(store, 0, tc.fault)
			r.Devices = tc.devices
			outcome, err := r.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
			require.Equal(t, want, enginetest.Deterministic(t, store, plan))
			enginetest.RequireNoLeftovers(t, store)
			require.Len(t, seen.Of(worker.KindDone), 5)
		})
	}
}
