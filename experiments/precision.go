package experiments

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/klauspost/cpuid/v2"

	"backfire/config"
	"backfire/datasets"
	"backfire/internal/hardware"
)

// PrecisionAuto is the value of train.precision that is decided before anything is
// planned: a cell has none but a decided one.
const PrecisionAuto = "auto"

// clearlyFaster is how many times as fast bf16 must be for PrecisionAuto to leave
// the reference.
const clearlyFaster = 1.1

// precisionRounds is how often both precisions are timed; the best time of each
// counts, as what disturbs a timing only makes it longer.
const precisionRounds = 2

// Precision is the arithmetic of the cell's training and predictions:
// hardware.FP32, TF32 or BF16.
func (c Cell) Precision() string { return cmp.Or(c.Training.Precision, hardware.FP32) }

// precisionOf is a configured precision as a cell has it. The error wraps ErrPlan.
func precisionOf(cfg config.Config) (string, error) {
	switch cfg.Train.Precision {
	case PrecisionAuto:
		return "", fmt.Errorf("%w: train.precision = auto means one model here and another one elsewhere: choose fp32, tf32 or bf16", ErrPlan)
	case hardware.FP32:
		return "", nil // the reference's name is no part of a hash
	default:
		return cfg.Train.Precision, nil
	}
}

// Undecided says whether the point has PrecisionAuto.
func (p SweepPoint) Undecided() bool {
	return p.Config.Train.Precision == PrecisionAuto || p.verifying().Train.Precision == PrecisionAuto
}

// InPrecision is the points with a precision in place of PrecisionAuto.
func InPrecision(points []SweepPoint, precision string) []SweepPoint {
	resolved := slices.Clone(points)
	for i := range resolved {
		p := &resolved[i]
		if p.Config.Train.Precision == PrecisionAuto {
			p.Config.Train.Precision = precision
		}
		if p.Verify != nil && p.Verify.Train.Precision == PrecisionAuto {
			verify := *p.Verify
			verify.Train.Precision = precision
			p.Verify = &verify
		}
	}
	return resolved
}

// ChoosePrecision decides what PrecisionAuto means for points that are trained on
// the CPU, and says why: that of most of their models that the store has already;
// fp32 where the CPU has no instructions for bfloat16; bf16 where a few steps of
// the dearest model are clearly faster in it. Workers and threads of the estimator
// are not read: they follow from the first point's configuration, as those of a run
// do.
func (e Estimator) ChoosePrecision(ctx context.Context, points []SweepPoint, load Loader) (precision, why string, err error) {
	var cells []Cell
	stored := map[string]int{}
	for _, precision := range []string{hardware.BF16, hardware.FP32} {
		sweep, err := NewSweep(ctx, InPrecision(points, precision), load)
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
	e.Workers, e.Threads = Resources(e.Device, 0, cfg.Workers, cfg.Threads, cells)
	return e.fasterPrecision(ctx, slices.MaxFunc(cells, func(a, b Cell) int { return cmp.Compare(a.cost(), b.cost()) }))
}

// countStored counts the cells of a precision that the store has.
func (e Estimator) countStored(cells []Cell, precision string) (int, error) {
	known, count := newLibrary(e.Store), 0
	for _, cell := range cells {
		if cell.Precision() != precision {
			continue
		}
		hash, err := cell.Hash()
		if err != nil {
			return 0, fmt.Errorf("experiments: choose a precision: %w", err)
		}
		result, err := known.read(hash)
		if err != nil {
			return 0, err
		}
		if result != nil {
			count++
		}
	}
	return count, nil
}

// fasterPrecision times the cell in both precisions.
func (e Estimator) fasterPrecision(ctx context.Context, cell Cell) (precision, why string, err error) {
	best := map[string]float64{}
	for range precisionRounds {
		for _, cell.Training.Precision = range []string{"", hardware.BF16} {
			speed, err := e.measure(ctx, cell)
			if err != nil {
				return "", "", err
			}
			best[cell.Precision()] = max(best[cell.Precision()], speed)
		}
	}
	return faster(best[hardware.FP32], best[hardware.BF16]), fmt.Sprintf("%.0f images/s in bf16 (%s) and %.0f in fp32 at width %d, measured now; bf16 has to be %.1f times as fast",
		best[hardware.BF16], e.BF16, best[hardware.FP32], cell.Model.Width, clearlyFaster), nil
}

// faster decides between two speeds.
func faster(full, rounded float64) string {
	if rounded > clearlyFaster*full {
		return hardware.BF16
	}
	return hardware.FP32
}

// CPUBF16 names this CPU's fastest instructions for bfloat16: amx, avx512_bf16, or
// empty where it has none.
func CPUBF16() string {
	switch {
	case cpuid.CPU.Supports(cpuid.AMXTILE, cpuid.AMXBF16):
		return "amx"
	case cpuid.CPU.Supports(cpuid.AVX512BF16):
		return "avx512_bf16"
	default:
		return ""
	}
}

// Remembering is a Loader that loads each dataset once.
func Remembering(load Loader) Loader {
	sets := map[datasets.Source]*datasets.Set{}
	return func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		if set := sets[source]; set != nil {
			return set, nil
		}
		set, err := load(ctx, source)
		if err == nil {
			sets[source] = set
		}
		return set, err
	}
}
