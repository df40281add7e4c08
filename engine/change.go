package engine

import (
	"backfire/defenses"
	"backfire/defenses/mix"
	"backfire/experiments/cell"
	"backfire/torchbridge"
)

// batchTransforms returns a function that returns the transform that a cell's defense applies to the
// batch of n rows of a step of an epoch. The transform depends on these numbers and the cell alone.
// The function is nil if the defense leaves batches unchanged.
func batchTransforms(c cell.Cell) (func(epoch, step, n int) torchbridge.BatchTransform, error) {
	stack := c.BatchStack()
	if stack.Empty() {
		return nil, nil
	}
	batcher, err := defenses.NewBatcher(stack, c.Data.Shape, c.TrainingSeed())
	if err != nil {
		return nil, err
	}
	size := c.Data.Shape.Size()
	return func(epoch, step, n int) torchbridge.BatchTransform {
		batch := batcher.Draw(epoch, step, n)
		transform := torchbridge.BatchTransform{Stamps: stampsOf(batch.Stamps), Mix: mixOf(batch.Mix), Perturbation: perturbationOf(batch.Perturbation)}
		if p := batch.Perturbation; p != nil && p.RandomStart {
			transform.Perturbation.Start = make([]float32, len(p.Rows)*size)
			batcher.Start(transform.Perturbation.Start, epoch, step)
		}
		return transform
	}, nil
}

func stampsOf(s *defenses.Stamps) *torchbridge.Stamps {
	if s == nil {
		return nil
	}
	return &torchbridge.Stamps{Rows: s.Rows, Masks: s.Masks, Patterns: s.Patterns, Add: s.Placement == defenses.Add}
}

func mixOf(d mix.Draw) *torchbridge.Mix {
	switch d.Kind {
	case mix.Cut:
		box := torchbridge.Box(d.Box)
		return &torchbridge.Mix{Partner: d.Partner, Lambda: d.Lambda, Box: &box}
	case mix.Up:
		return &torchbridge.Mix{Partner: d.Partner, Lambda: d.Lambda}
	default:
		return nil
	}
}

func perturbationOf(p *defenses.Perturbation) *torchbridge.Perturbation {
	if p == nil {
		return nil
	}
	return &torchbridge.Perturbation{
		Rows: p.Rows, Epsilon: p.Epsilon, StepSize: p.StepSize, Steps: p.Steps, Add: p.Placement == defenses.Add,
	}
}
