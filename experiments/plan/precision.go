package plan

import (
	"fmt"
	"slices"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/internal/hardware"
)

// PrecisionAuto is the value of train.precision that is decided before anything is
// planned: a cell has none but a decided one.
const PrecisionAuto = "auto"

// precisionOf is a configured precision as a cell has it. The error wraps ErrPlan.
func precisionOf(cfg config.Config) (string, error) {
	switch cfg.Train.Precision {
	case PrecisionAuto:
		return "", fmt.Errorf("%w: train.precision = auto means one model here and another one elsewhere: choose fp32, tf32 or bf16", cell.ErrPlan)
	case hardware.FP32:
		return "", nil // the reference's name is no part of a hash
	default:
		return cfg.Train.Precision, nil
	}
}

// Undecided says whether the point has PrecisionAuto.
func (p SweepPoint) Undecided() bool {
	return p.Config.Train.Precision == PrecisionAuto || p.Verifying().Train.Precision == PrecisionAuto
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
