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
	take := t.nativeUnlearning(rate)
	if t.native == nil {
		graph, err := t.newGraphUnlearning(rate)
		if err != nil {
			return err
		}
		defer graph.free()
		take = graph.take
	}
	for i, step := range steps {
		if err := t.checkRows(step.Forget, step.Keep); err != nil {
			return fmt.Errorf("torchbridge: unlearn: step %d: %w", i, err)
		}
		var loss float64
		err := t.watched(func() (err error) {
			loss, err = take(step)
			return err
		})
		if err != nil {
			return fmt.Errorf("torchbridge: unlearn: step %d: %w", i, err)
		}
		if !finite(float32(loss)) {
			return fmt.Errorf("torchbridge: unlearn: %w: the loss became %g after %d of %d steps (learning rate %g)", ErrDiverged, loss, i, len(steps), rate)
		}
	}
	return t.checkParameters(len(steps), rate)
}

// nativeUnlearning returns a function that takes a step by the native network and
// returns the loss before it.
func (t *Trainer) nativeUnlearning(rate float64) func(step Unlearning) (float64, error) {
	return func(step Unlearning) (float64, error) { return t.native.unlearn(t, step, rate) }
}

// graphUnlearning takes steps by libtorch's gradient graph.
type graphUnlearning struct {
	trainer           *Trainer
	plain             *optimizer
	guess, rate, zero tensor // loss of a guess, learning rate and 0, [1] each
}

func (t *Trainer) newGraphUnlearning(rate float64) (*graphUnlearning, error) {
	g := &graphUnlearning{trainer: t}
	var err error
	if g.plain, err = newOptimizer(TrainSpec{Optimizer: OptimizerSGD}, t.net); err != nil {
		return nil, err
	}
	for target, value := range map[*tensor]float64{&g.guess: math.Log(float64(t.opt.Model.Classes)), &g.rate: rate, &g.zero: 0} {
		if *target, err = newTensor([]float32{float32(value)}, []int64{1}, t.device); err != nil {
			g.free()
			return nil, err
		}
	}
	return g, nil
}

func (g *graphUnlearning) free() {
	g.trainer.scope.reset()
	g.plain.free()
	for _, owned := range []*tensor{&g.guess, &g.rate, &g.zero} {
		owned.free()
	}
}

// take takes a step, unless the loss before it, which it returns, is not finite.
func (g *graphUnlearning) take(step Unlearning) (float64, error) {
	t, s := g.trainer, g.trainer.scope
	s.reset()
	short := s.maximum(s.minus(g.guess, t.lossOf(step.Forget)), g.zero)
	loss := s.sum(s.plus(t.lossOf(step.Keep), short), kindFloat32)
	s.gradients(loss, t.net.leaves, t.grads)
	if err := s.err(); err != nil {
		return 0, err
	}
	reached, err := read[float32](loss)
	if err != nil {
		return 0, err
	}
	if !finite(reached[0]) {
		return float64(reached[0]), nil
	}
	return float64(reached[0]), g.plain.step(t.net.paramHandles, t.grads, g.rate)
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
