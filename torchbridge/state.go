package torchbridge

import (
	"fmt"
	"slices"

	lib "github.com/sugarme/gotch/libtch"

	"backfire/internal/safetensors"
)

// State holds all that a training needs to resume as if it had never stopped: a
// Trainer with the same options that restores it takes the same steps, bit for
// bit, as the one it was taken from.
type State struct {
	Step      int                  // optimiser steps done
	Model     []safetensors.Tensor // parameters and running statistics, under torchvision's names
	Optimizer []safetensors.Tensor // per parameter: momentum, or Adam's two means and step count
}

// State copies the training's state to the host.
func (t *Trainer) State() (State, error) {
	if t.closed {
		return State{}, errClosed
	}
	state := State{Step: t.step}
	var err error
	if state.Model, err = snapshot(slices.Concat(t.net.params, t.net.buffers)); err != nil {
		return State{}, fmt.Errorf("torchbridge: state of the model: %w", err)
	}
	if state.Optimizer, err = snapshot(t.optimizer.named(t.net.params)); err != nil {
		return State{}, fmt.Errorf("torchbridge: state of the optimiser: %w", err)
	}
	return state, nil
}

// Restore puts a state back that a Trainer with the same options gave. Names and
// shapes must fit; after an error the trainer is of no use.
func (t *Trainer) Restore(state State) error {
	if t.closed {
		return errClosed
	}
	if steps := t.opt.steps(); state.Step < 0 || state.Step > t.total || state.Step%steps != 0 {
		return fmt.Errorf("torchbridge: restore: step %d is not the end of one of %d epochs of %d steps", state.Step, t.opt.Train.Epochs, steps)
	}
	if err := restore(slices.Concat(t.net.params, t.net.buffers), state.Model); err != nil {
		return fmt.Errorf("torchbridge: restore the model: %w", err)
	}
	if err := restore(t.optimizer.named(t.net.params), state.Optimizer); err != nil {
		return fmt.Errorf("torchbridge: restore the optimiser: %w", err)
	}
	if err := t.net.refreshCopies(); err != nil {
		return fmt.Errorf("torchbridge: restore the model: %w", err)
	}
	t.step = state.Step
	return nil
}

// snapshot copies tensors to the host.
func snapshot(list []parameter) ([]safetensors.Tensor, error) {
	out := make([]safetensors.Tensor, len(list))
	for i, p := range list {
		values, err := read[float32](p.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		out[i] = safetensors.Tensor{Name: p.name, Shape: p.value.shape(), Values: values}
	}
	return out, nil
}

// restore copies values into the tensors of the same names.
func restore(list []parameter, values []safetensors.Tensor) error {
	given := make(map[string]safetensors.Tensor, len(values))
	for _, v := range values {
		given[v.Name] = v
	}
	if len(given) != len(list) || len(values) != len(list) {
		return fmt.Errorf("%d tensors where %d are expected", len(values), len(list))
	}
	for _, p := range list {
		v, ok := given[p.name]
		switch {
		case !ok:
			return fmt.Errorf("%s is missing", p.name)
		case !slices.Equal(v.Shape, p.value.shape()):
			return fmt.Errorf("%s has shape %v instead of %v", p.name, v.Shape, p.value.shape())
		}
		source, err := newTensor(v.Values, v.Shape, cpu)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		withGradients(false, func() {
			err = checked(func() { lib.AtCopy_(p.value.c, source.c) })
		})
		source.free()
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}
