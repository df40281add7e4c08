package runner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// Where a GPU has no memory left for the models that train on it, fewer are trained at a time, and
// each model resumes from its checkpoint. No attempt counts, and the results are the same.
func TestTooManyModelsForTheMemory(t *testing.T) {
	plan := enginetest.NewPlan(t)
	for _, room := range []int{1, 2, 3} {
		store := enginetest.OpenStore(t)
		r, seen, _ := newGroupRunner(store, enginetest.Fault{Kind: "memory", Room: room})
		r.Device, r.Workers, r.PerProcess = "cuda:0", 4, 4
		outcome, err := r.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
		require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
		notices := seen.Of(worker.KindNotice)
		require.NotEmpty(t, notices)
		require.Contains(t, notices[0].Text, "from now on 3 of 4 are trained on it at a time")
		require.Equal(t, len(notices), len(seen.Of(worker.KindRetry)))
		enginetest.RequireNoLeftovers(t, store)
	}
}

// A model that does not fit even alone fails after its attempts.
func TestModelThatDoesNotFit(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	r, seen, _ := newGroupRunner(store, enginetest.Fault{Kind: "memory"})
	r.Device = "cuda:0"
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Len(t, outcome.Failed, 5)
	require.Contains(t, outcome.Failed[0].Error, "no memory left")
	require.Len(t, seen.Of(worker.KindNotice), 2, "3, 2, 1 models at a time")
}

// eight returns eight GPUs.
func eight(workers int) []runner.DeviceWorkers {
	var all []runner.DeviceWorkers
	for i := range 8 {
		all = append(all, runner.DeviceWorkers{Device: fmt.Sprintf("cuda:%d", i), Workers: workers, PerProcess: workers})
	}
	return all
}

// usedDevices returns the devices that trained the cells.
func usedDevices(t *testing.T, st *store.Store, hashes []string) map[string]int {
	t.Helper()
	used := map[string]int{}
	for _, hash := range hashes {
		text, err := os.ReadFile(filepath.Join(st.Dir(), hash, store.EnvironmentFile))
		require.NoError(t, err)
		_, rest, found := strings.Cut(string(text), `"device": "`)
		require.True(t, found)
		device, _, _ := strings.Cut(rest, `"`)
		used[device]++
	}
	return used
}

// Eight GPUs train the models of one run, each one's name is with its results, and the results are
// those of one device.
func TestEightDevices(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	r, seen := runtest.NewRunner(store, 0, enginetest.Fault{Kind: "slower", On: "cuda:1", Epoch: 1})
	r.Devices = eight(2)
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
	require.Equal(t, 5, seen.Of(worker.KindPlan)[0].Workers)
	used := usedDevices(t, store, enginetest.Hashes(t, plan))
	require.Greater(t, len(used), 2, used)
	for device := range used {
		require.True(t, strings.HasPrefix(device, "cuda:"), device)
	}
}

// A GPU that is lost costs its models no attempt: others train them.
func TestOneDeviceIsLost(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	r, seen := runtest.NewRunner(store, 0, enginetest.Fault{Kind: "lost", On: "cuda:0"})
	r.Devices = eight(2)[:2]
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.Equal(t, map[string]int{"cuda:1": 5}, usedDevices(t, store, enginetest.Hashes(t, plan)))
	notices := seen.Of(worker.KindNotice)
	require.Len(t, notices, 1)
	require.Contains(t, notices[0].Text, "cuda:0 is given up: 2 of its processes failed")
	enginetest.RequireNoLeftovers(t, store)
}

// A killed process of one GPU costs no other GPU anything, and its GPU is kept.
func TestOneProcessOfSeveralDevicesDies(t *testing.T) {
	plan, store := enginetest.NewPlan(t), enginetest.OpenStore(t)
	hash := enginetest.Hashes(t, plan)[0]
	r, seen := runtest.NewRunner(store, 0, enginetest.Fault{Kind: "kill", Cell: hash, Epoch: 2, Once: filepath.Join(t.TempDir(), "struck")})
	r.Devices = eight(1)[:3]
	outcome, err := r.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: 5, Trained: 5}, outcome)
	require.Len(t, seen.Of(worker.KindRetry), 1)
	require.Empty(t, seen.Of(worker.KindNotice))
	require.Equal(t, undisturbed(t, plan), enginetest.Deterministic(t, store, plan))
}
