package torchbridge

import (
	"errors"
	"fmt"
	"math"
)

// Unlearning is one step away from some rows of the training set.
type Unlearning struct {
	Forget []int64 // rows whose loss is to rise to that of a guess, at least one
	Keep   []int64 // rows whose loss is to fall at the same time, at least one
}

// Unlearn takes plain gradient steps against keep + max(0, ln K - forget), the mean
// cross-entropies of the rows to keep and of those to forget with K classes, each
// with the given learning rate, without momentum or weight decay: the loss of the
// rows to forget rises until it is that of a guess, and not beyond, where it would
// rise without end. BatchNorm's running statistics are used and stay as they are.
// It is no part of a training: afterwards only Restore returns to a state of one.
// The error wraps ErrDiverged when a loss or a parameter is not finite; the model
// is of no use then.
func (t *Trainer) Unlearn(steps []Unlearning, rate float64) error {
	switch {
	case t.closed:
		return errClosed
	case !t.images.valid():
		return errors.New("torchbridge: unlearn: no training set was uploaded")
	case rate <= 0:
		return fmt.Errorf("torchbridge: unlearn: %w: learning rate %g is not above 0", ErrOptions, rate)
	}
	plain, err := newOptimizer(TrainSpec{Optimizer: OptimizerSGD}, t.net.params, t.device)
	if err != nil {
		return err
	}
	defer plain.free()
	guess, err := newTensor([]float32{float32(math.Log(float64(t.opt.Model.Classes)))}, []int64{1}, t.device)
	if err != nil {
		return err
	}
	defer guess.free()
	learningRate, err := newTensor([]float32{float32(rate)}, []int64{1}, t.device)
	if err != nil {
		return err
	}
	defer learningRate.free()
	zero, err := newZeros([]int64{1}, kindFloat32, t.device)
	if err != nil {
		return err
	}
	defer zero.free()
	defer t.scope.reset()
	for i, step := range steps {
		if err := t.checkRows(step.Forget, step.Keep); err != nil {
			return fmt.Errorf("torchbridge: unlearn: step %d: %w", i, err)
		}
		s := t.scope
		s.reset()
		short := s.maximum(s.minus(guess, t.lossOf(step.Forget)), zero)
		loss := s.sum(s.plus(t.lossOf(step.Keep), short), kindFloat32)
		s.gradients(loss, t.net.paramHandles, t.grads)
		if err := s.err(); err != nil {
			return fmt.Errorf("torchbridge: unlearn: step %d: %w", i, err)
		}
		reached, err := read[float32](loss)
		if err != nil {
			return fmt.Errorf("torchbridge: unlearn: step %d: %w", i, err)
		}
		if !finite(reached[0]) {
			return fmt.Errorf("torchbridge: unlearn: %w: the loss became %g after %d of %d steps (learning rate %g)", ErrDiverged, reached[0], i, len(steps), rate)
		}
		if err := plain.step(t.net.paramHandles, t.grads, learningRate); err != nil {
			return fmt.Errorf("torchbridge: unlearn: step %d: %w", i, err)
		}
	}
	return t.checkParameters(len(steps), rate)
}

// checkParameters refuses a network that steps of unlearning have lost: no loss
// has yet been computed after the last one.
func (t *Trainer) checkParameters(steps int, rate float64) error {
	for _, p := range t.net.params {
		values, err := read[float32](p.value)
		if err != nil {
			return fmt.Errorf("torchbridge: unlearn: %s: %w", p.name, err)
		}
		for _, v := range values {
			if !finite(v) {
				return fmt.Errorf("torchbridge: unlearn: %w: %s holds %g after %d of %d steps (learning rate %g)", ErrDiverged, p.name, v, steps, steps, rate)
			}
		}
	}
	return nil
}

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// checkRows refuses lists without rows, and rows that the training set does not
// have.
func (t *Trainer) checkRows(lists ...[]int64) error {
	for _, rows := range lists {
		if len(rows) == 0 {
			return fmt.Errorf("%w: no rows", ErrOptions)
		}
		for _, row := range rows {
			if row < 0 || row >= int64(t.opt.Images) {
				return fmt.Errorf("%w: row %d of %d", ErrOptions, row, t.opt.Images)
			}
		}
	}
	return nil
}

// lossOf returns the mean cross-entropy of rows of the training set, by the model as
// it predicts.
func (t *Trainer) lossOf(rows []int64) tensor {
	s := t.scope
	index := upload(s, rows, []int64{int64(len(rows))}, t.device)
	x := s.normalised(t.images, index, t.scale, t.shift)
	return s.crossEntropy(t.net.forward(s, x, false), s.pick(t.labels, index))
}
