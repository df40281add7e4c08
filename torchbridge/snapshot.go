package torchbridge

import (
	"errors"
	"fmt"
	"runtime"
	"slices"

	lib "github.com/sugarme/gotch/libtch"
)

// Snapshot is a copy of a training's state that later steps do not change. On a CPU it lies in the
// memory of the host. On a GPU it lies beside the model until State copies it to the host, so that
// the model does not wait for that copy.
type Snapshot struct {
	state State // on the host; without tensors where device has them
	// device holds the tensors of the model and of the optimiser on a GPU; empty on a CPU.
	device struct{ model, optimizer []parameter }
}

// Snapshot copies the training's state on the trainer's device. The copy takes as much memory there
// as weights, running statistics and the optimiser's state, until Free. Where a GPU has no room for
// it, the state is copied to the host at once.
func (t *Trainer) Snapshot() (*Snapshot, error) {
	if t.closed {
		return nil, errClosed
	}
	if t.device != cpu {
		if s, err := t.deviceSnapshot(); !errors.Is(err, ErrMemory) {
			return s, err
		}
	}
	state, err := t.State()
	return &Snapshot{state: state}, err
}

// deviceSnapshot clones the tensors of the state with libtorch, and returns when the device has
// done so: threads that use other streams may read the clones then.
func (t *Trainer) deviceSnapshot() (*Snapshot, error) {
	s := &Snapshot{state: State{Step: t.step}}
	var err error
	if s.device.model, err = clones(slices.Concat(t.net.params, t.net.buffers)); err == nil {
		s.device.optimizer, err = clones(t.optimizer.named(t.net.params))
	}
	if err == nil {
		_, err = read[int64](t.hits) // waits for the thread's stream
	}
	if err != nil {
		s.Free()
		return nil, fmt.Errorf("torchbridge: copy the state on the device: %w", err)
	}
	return s, nil
}

// State returns the state on the host. Any goroutine may call it, one at a time, also after the
// trainer is closed.
func (s *Snapshot) State() (State, error) {
	if s.device.model == nil {
		return s.state, nil
	}
	runtime.LockOSThread() // gotch's errors are those of a thread
	defer runtime.UnlockOSThread()
	state := State{Step: s.state.Step}
	var err error
	if state.Model, err = snapshot(s.device.model); err != nil {
		return State{}, fmt.Errorf("torchbridge: state of the model: %w", err)
	}
	if state.Optimizer, err = snapshot(s.device.optimizer); err != nil {
		return State{}, fmt.Errorf("torchbridge: state of the optimiser: %w", err)
	}
	return state, nil
}

// Free gives the snapshot's memory back. Any goroutine may call it; freeing twice does nothing. A
// state that State returned stays.
func (s *Snapshot) Free() {
	freeAll(s.device.model)
	freeAll(s.device.optimizer)
	s.state = State{}
	s.device.model, s.device.optimizer = nil, nil
}

// clones copies tensors where they lie. After an error it has freed the copies.
func clones(list []parameter) ([]parameter, error) {
	out := make([]parameter, 0, len(list))
	for _, p := range list {
		copied, err := clone(p.value)
		if err != nil {
			freeAll(out)
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		out = append(out, parameter{p.name, copied})
	}
	return out, nil
}

// clone copies a tensor in its own memory format.
func clone(t tensor) (tensor, error) {
	out := new(lib.Ctensor)
	lib.AtgEmptyLike(out, t.c)
	if *out == nil {
		return tensor{}, lastError()
	}
	copied := tensor{*out}
	var err error
	withGradients(false, func() {
		err = checked(func() { lib.AtCopy_(copied.c, t.c) })
	})
	if err != nil {
		copied.free()
	}
	return copied, err
}

// freeAll frees the tensors of a list.
func freeAll(list []parameter) {
	for i := range list {
		list[i].value.free()
	}
}
