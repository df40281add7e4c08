package experiments

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/internal/hardware"
)

func inPrecision(precision string) func(*config.Config) {
	return func(c *config.Config) { c.Train.Precision = precision }
}

// The reference leaves no trace in a cell; every other precision trains other
// models.
func TestPrecisionIsPartOfACell(t *testing.T) {
	var hashes []string
	for _, precision := range []string{hardware.FP32, "", hardware.TF32, hardware.BF16} {
		cell := newSweep(t, tinyPoint(t, "", inPrecision(precision))).Cells[0]
		hash, err := cell.Hash()
		require.NoError(t, err)
		hashes = append(hashes, hash)
		want := precision
		if want == "" {
			want = hardware.FP32
		}
		require.Equal(t, want, cell.Precision())
		require.Equal(t, want, newEnvironment("", 0, cell.Precision(), Build{}, EngineInfo{}).Precision)
	}
	require.Equal(t, hashes[0], hashes[1])
	require.NotEqual(t, hashes[0], hashes[2])
	require.NotEqual(t, hashes[0], hashes[3])
	require.NotEqual(t, hashes[2], hashes[3])
}

func TestAutoIsNoPlan(t *testing.T) {
	point := tinyPoint(t, "", inPrecision(PrecisionAuto))
	_, err := NewSweep(context.Background(), []SweepPoint{point}, loadTiny)
	require.ErrorIs(t, err, ErrPlan)
	require.ErrorContains(t, err, "choose fp32, tf32 or bf16")
}

func TestInPrecision(t *testing.T) {
	fixed, open, judged := tinyPoint(t, "a", inPrecision(hardware.FP32)), tinyPoint(t, "b", inPrecision(PrecisionAuto)), tinyPoint(t, "c", inPrecision(hardware.TF32))
	verify := open.Config
	judged.Verify = &verify
	require.False(t, fixed.Undecided())
	require.True(t, open.Undecided())
	require.True(t, judged.Undecided())
	points := InPrecision([]SweepPoint{fixed, open, judged}, hardware.BF16)
	require.Equal(t, hardware.FP32, points[0].Config.Train.Precision)
	require.Equal(t, hardware.BF16, points[1].Config.Train.Precision)
	require.Equal(t, hardware.TF32, points[2].Config.Train.Precision)
	require.Equal(t, hardware.BF16, points[2].Verify.Train.Precision)
	require.True(t, open.Undecided(), "the points themselves stay")
	require.True(t, judged.Undecided(), "what they point to, too")
}

func TestChoosePrecision(t *testing.T) {
	points := []SweepPoint{tinyPoint(t, "", inPrecision(PrecisionAuto))}
	choose := func(store *Store, change func(*Estimator)) (string, string) {
		e := newEstimator(store, 0)
		e.Command = noWorkers
		change(&e)
		precision, why, err := e.ChoosePrecision(context.Background(), points, loadTiny)
		require.NoError(t, err)
		return precision, why
	}

	precision, why := choose(openStore(t), func(e *Estimator) { e.BF16 = "" })
	require.Equal(t, hardware.FP32, precision)
	require.Equal(t, "this CPU has no instructions for bfloat16", why)

	// What is stored counts more than what would be measured.
	for _, stored := range []string{hardware.BF16, hardware.FP32} {
		store := openStore(t)
		storeTiming(t, store, newSweep(t, InPrecision(points, stored)...).Cells[0], 1000, nil)
		precision, why = choose(store, func(e *Estimator) { e.BF16 = "amx" })
		require.Equal(t, stored, precision)
		require.Equal(t, "the store has 1 of these models in it", why)
	}

	precision, why = choose(openStore(t), func(e *Estimator) { e.BF16, e.Command = "amx", testWorker(fault{}) })
	require.Contains(t, []string{hardware.FP32, hardware.BF16}, precision)
	require.Regexp(t, `^[1-9]\d* images/s in bf16 \(amx\) and [1-9]\d* in fp32 at width 1, measured now; bf16 has to be 1.1 times as fast$`, why)
}

func TestBF16HasToBeClearlyFaster(t *testing.T) {
	require.Equal(t, hardware.FP32, faster(100, 109))
	require.Equal(t, hardware.FP32, faster(100, 50))
	require.Equal(t, hardware.BF16, faster(100, 111))
}

// In bf16, the CPU's instructions are part of what a checkpoint was made with.
func TestMakerOfBF16(t *testing.T) {
	cell := newSweep(t, tinyPoint(t, "", inPrecision(hardware.BF16))).Cells[0]
	require.Equal(t, CPUBF16(), newMaker("cpu", 0, cell.Precision(), EngineInfo{}).BF16)
	require.Empty(t, newMaker("cuda:0", 0, cell.Precision(), EngineInfo{}).BF16)
	cell.Training.Precision = ""
	require.Empty(t, newMaker("cpu", 0, cell.Precision(), EngineInfo{}).BF16)

	one := Environment{Device: "cpu", Precision: hardware.BF16, CPU: CPU{BF16: "amx"}}
	other := one
	other.CPU.BF16 = "avx512_bf16"
	require.True(t, one.sameKind(one))
	require.False(t, one.sameKind(other))
	one.Precision, other.Precision = hardware.FP32, hardware.FP32
	require.True(t, one.sameKind(other))
}
