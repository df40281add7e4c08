package cli

import (
	"context"
	"errors"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/internal/hardware"
	"backfire/launcher"
)

func TestPrecisionThatTheDeviceLacks(t *testing.T) {
	opts, _, _, _ := runOptions(t, "device=cpu", "train.precision=tf32")
	opts.Worker = noWorker(t)
	err := runSweep(context.Background(), opts)
	require.ErrorIs(t, err, hardware.ErrPrecision)
	require.ErrorContains(t, err, "choose fp32 or bf16")
	require.Equal(t, ExitUsage, ExitCode(err))
}

// On a GPU, auto is decided by its kind, and a line reports it.
func TestAutoPrecisionOnAGPU(t *testing.T) {
	for compute, says := range map[int]string{
		75: "precision auto is fp32: Some GPU has compute capability 7.5\n",
		90: "precision auto is bf16: Some GPU has compute capability 9.0\n",
	} {
		opts, _, _, errOut := runOptions(t, "device=cuda", "train.precision=auto", "workers=1")
		opts.Describe = func(context.Context) (launcher.Description, error) {
			return launcher.Description{Libtorch: hardware.Env{Variant: "cuda", GPUs: []hardware.GPU{{Name: "Some GPU", Compute: compute}}}}, nil
		}
		opts.Worker = func() (*exec.Cmd, error) { return nil, errors.New("no worker here") }
		require.ErrorContains(t, runSweep(context.Background(), opts), "no worker here")
		require.Contains(t, errOut(), says)
	}
}

// A plan is carried out on other hosts, where auto may stand for another precision.
func TestPlanWithAutoPrecision(t *testing.T) {
	opts, _, _ := sweepOptions(t, "train.precision=auto")
	_, _, err := makePlan(context.Background(), opts)
	require.ErrorIs(t, err, cell.ErrPlan)
	require.Equal(t, ExitUsage, ExitCode(err))
	require.ErrorContains(t, err, "choose fp32, tf32 or bf16")
}
