package plan_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/hardware"
)

// A cell does not name the reference precision; every other precision trains other models.
func TestPrecisionIsPartOfACell(t *testing.T) {
	var hashes []string
	for _, precision := range []string{hardware.FP32, "", hardware.TF32, hardware.BF16} {
		cell := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", enginetest.InPrecision(precision))).Cells[0]
		hash, err := cell.Hash()
		require.NoError(t, err)
		hashes = append(hashes, hash)
		want := precision
		if want == "" {
			want = hardware.FP32
		}
		require.Equal(t, want, cell.Precision())
		require.Equal(t, want, store.NewEnvironment("", 0, cell.Precision(), store.Build{}, store.EngineInfo{}).Precision)
	}
	require.Equal(t, hashes[0], hashes[1])
	require.NotEqual(t, hashes[0], hashes[2])
	require.NotEqual(t, hashes[0], hashes[3])
	require.NotEqual(t, hashes[2], hashes[3])
}

func TestKernelsArePartOfACell(t *testing.T) {
	hashes := map[string]string{}
	for _, kernels := range []string{"", "auto", "direct"} {
		made := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) { c.Train.Kernels = kernels })).Cells[0]
		hash, err := made.Hash()
		require.NoError(t, err)
		hashes[kernels] = hash
		require.Equal(t, kernels == cell.KernelsDirect, made.Training.Kernels == cell.KernelsDirect)
	}
	require.Equal(t, hashes[""], hashes["auto"], "as before there was a choice")
	require.NotEqual(t, hashes["auto"], hashes["direct"])
}

func TestAutoIsNoPlan(t *testing.T) {
	point := enginetest.TinyPoint(t, "", enginetest.InPrecision(plan.PrecisionAuto))
	_, err := plan.NewSweep(context.Background(), []plan.SweepPoint{point}, enginetest.Loader)
	require.ErrorIs(t, err, cell.ErrPlan)
	require.ErrorContains(t, err, "choose fp32, tf32 or bf16")
}

func TestInPrecision(t *testing.T) {
	fixed, open, judged := enginetest.TinyPoint(t, "a", enginetest.InPrecision(hardware.FP32)), enginetest.TinyPoint(t, "b", enginetest.InPrecision(plan.PrecisionAuto)), enginetest.TinyPoint(t, "c", enginetest.InPrecision(hardware.TF32))
	verify := open.Config
	judged.Verify = &verify
	require.False(t, fixed.Undecided())
	require.True(t, open.Undecided())
	require.True(t, judged.Undecided())
	points := plan.InPrecision([]plan.SweepPoint{fixed, open, judged}, hardware.BF16)
	require.Equal(t, hardware.FP32, points[0].Config.Train.Precision)
	require.Equal(t, hardware.BF16, points[1].Config.Train.Precision)
	require.Equal(t, hardware.TF32, points[2].Config.Train.Precision)
	require.Equal(t, hardware.BF16, points[2].Verify.Train.Precision)
	require.True(t, open.Undecided(), "the points themselves stay")
	require.True(t, judged.Undecided(), "what they point to, too")
}
