package estimate

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/internal/hardware"
)

// clearlyFaster is the factor by which bf16 must be faster than fp32, the reference, for
// plan.PrecisionAuto to choose it.
const clearlyFaster = 1.1

// ChoosePrecision resolves plan.PrecisionAuto for points that are trained on the CPU, and returns
// the reason in words: the precision of most of their stored models; else fp32 where the CPU has no
// instructions for bfloat16; else bf16 where a few steps of the most expensive model are clearly
// faster in it. It ignores the estimator's Workers and Threads, which follow from the first point's
// configuration, as those of a run do.
func (e Estimator) ChoosePrecision(ctx context.Context, points []plan.SweepPoint, load cell.Loader) (precision, why string, err error) {
	var cells []cell.Cell
	stored := map[string]int{}
	for _, precision := range []string{hardware.BF16, hardware.FP32} {
		sweep, err := plan.NewSweep(ctx, plan.InPrecision(points, precision), load)
		if err != nil {
			return "", "", err
		}
		cells = sweep.Cells
		if stored[precision], err = e.countStored(cells, precision); err != nil {
			return "", "", err
		}
	}
	full, rounded := stored[hardware.FP32], stored[hardware.BF16]
	switch {
	case rounded > full:
		return hardware.BF16, fmt.Sprintf("the store has %d of these models in it", rounded), nil
	case full > 0:
		return hardware.FP32, fmt.Sprintf("the store has %d of these models in it", full), nil
	case e.BF16 == "":
		return hardware.FP32, "this CPU has no instructions for bfloat16", nil
	}
	cfg := points[0].Config
	e.Workers, e.Threads = Resources(e.Device, 0, 1, cfg.Workers, cfg.Threads, cells)
	return e.fasterPrecision(ctx, slices.MaxFunc(cells, func(a, b cell.Cell) int { return cmp.Compare(a.Cost(), b.Cost()) }))
}

// countStored counts the stored cells of a precision.
func (e Estimator) countStored(cells []cell.Cell, precision string) (int, error) {
	results, count := plan.NewCachedReader(e.Store), 0
	for _, cell := range cells {
		if cell.Precision() != precision {
			continue
		}
		hash, err := cell.Hash()
		if err != nil {
			return 0, fmt.Errorf("estimate: choose precision: %w", err)
		}
		result, err := results.Read(hash)
		if err != nil {
			return 0, err
		}
		if result != nil {
			count++
		}
	}
	return count, nil
}

// fasterPrecision times a model in both precisions. The best time of each counts, because
// disturbances only make a time longer.
func (e Estimator) fasterPrecision(ctx context.Context, model cell.Cell) (precision, why string, err error) {
	full, rounded := model, model
	full.Training.Precision, rounded.Training.Precision = "", hardware.BF16
	measured, err := e.measureInTurn(ctx, []cell.Cell{full, rounded})
	if err != nil {
		return "", "", err
	}
	speed, roundedSpeed := slices.Max(measured[0]), slices.Max(measured[1])
	return faster(speed, roundedSpeed), fmt.Sprintf("%.0f images/s in bf16 (%s) and %.0f in fp32 with %s, measured now; bf16 has to be %.1f times as fast",
		roundedSpeed, e.BF16, speed, model.Model.Short(), clearlyFaster), nil
}

// faster returns the precision to choose by the speeds in fp32 and bf16.
func faster(full, rounded float64) string {
	if rounded > clearlyFaster*full {
		return hardware.BF16
	}
	return hardware.FP32
}
