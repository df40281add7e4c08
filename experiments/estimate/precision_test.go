package estimate_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
	"backfire/internal/hardware"
	"backfire/internal/runtest"
)

func TestChoosePrecision(t *testing.T) {
	points := []plan.SweepPoint{enginetest.TinyPoint(t, "", enginetest.InPrecision(plan.PrecisionAuto))}
	choose := func(store *store.Store, change func(*estimate.Estimator)) (string, string) {
		e := runtest.NewEstimator(store, 0)
		e.Command = enginetest.NoWorkers
		change(&e)
		precision, why, err := e.ChoosePrecision(context.Background(), points, enginetest.Loader)
		require.NoError(t, err)
		return precision, why
	}

	precision, why := choose(enginetest.OpenStore(t), func(e *estimate.Estimator) { e.BF16 = "" })
	require.Equal(t, hardware.FP32, precision)
	require.Equal(t, "this CPU has no instructions for bfloat16", why)

	// Stored models decide before any measurement.
	for _, stored := range []string{hardware.BF16, hardware.FP32} {
		store := enginetest.OpenStore(t)
		enginetest.StoreTiming(t, store, enginetest.NewSweep(t, plan.InPrecision(points, stored)...).Cells[0], 1000, nil)
		precision, why = choose(store, func(e *estimate.Estimator) { e.BF16 = "amx" })
		require.Equal(t, stored, precision)
		require.Equal(t, "the store has 1 of these models in it", why)
	}

	precision, why = choose(enginetest.OpenStore(t), func(e *estimate.Estimator) { e.BF16, e.Command = "amx", enginetest.Command(enginetest.Fault{}) })
	require.Contains(t, []string{hardware.FP32, hardware.BF16}, precision)
	require.Regexp(t, `^[1-9]\d* images/s in bf16 \(amx\) and [1-9]\d* in fp32 with width 1, measured now; bf16 has to be 1.1 times as fast$`, why)
}
