package torchbridge

import (
	"fmt"
	"sync"
	"unsafe"
)

// #include "shim.h"
import "C"

// graphWarmUp is the number of steps that are taken before one is recorded:
// libraries choose kernels and take memory in the first ones.
const graphWarmUp = 3

// recordings is locked while a step is recorded or a recording is dropped, which
// libtorch can do one at a time; see shim.h.
var recordings sync.Mutex

// recorder records a training step and takes it as one launch. A graph is one.
type recorder interface {
	// record runs a step without its taking effect and keeps what it asked of the
	// device. After an error nothing is kept.
	record(step func() error) error
	// recorded reports whether there is a recording.
	recorded() bool
	// replay takes the recorded step.
	replay() error
	// forget drops the recording, whose tensors are about to change place.
	forget() error
	// shortages returns how many requests for memory have failed so far in work that was
	// asked for by this recorder's thread, whether or not the work failed.
	shortages() (int64, error)
	// nodes returns the number of parts of the recording, 0 without one.
	nodes() (int, error)
	// free gives the recording and all that belongs to it back.
	free()
}

// graph is a training step recorded as one CUDA graph. What changes between steps
// (rows, learning rate, sums) lies in tensors of the device that the step itself
// moves on, or that a defense's draws are written to before it: one recording serves
// all steps of a shape.
type graph struct {
	handle unsafe.Pointer
	kept   bool // a recording
}

// newGraph gives the calling thread a stream of its own on a CUDA device, the same
// for all its graphs: trainers of different threads do not wait for each other.
func newGraph(device cDevice) (recorder, error) {
	g := &graph{}
	if err := shimError(C.bf_graph_new(C.int(device), &g.handle)); err != nil {
		return nil, fmt.Errorf("torchbridge: CUDA stream: %w", err)
	}
	return g, nil
}

// recorded reports whether there is a recording.
func (g *graph) recorded() bool { return g.kept }

// record runs step without its taking effect and keeps what it asked of the
// device. After an error nothing is kept.
func (g *graph) record(step func() error) error {
	recordings.Lock()
	defer recordings.Unlock()
	if err := shimError(C.bf_graph_begin(g.handle)); err != nil {
		return fmt.Errorf("torchbridge: record a step: %w", err)
	}
	err := step()
	if ended := shimError(C.bf_graph_end(g.handle)); err == nil {
		err = ended
	}
	if err != nil {
		C.bf_free_message(C.bf_graph_forget(g.handle)) // what was wrong is known already
		return fmt.Errorf("torchbridge: record a step: %w", err)
	}
	g.kept = true
	return nil
}

// replay takes the recorded step.
func (g *graph) replay() error {
	if err := shimError(C.bf_graph_replay(g.handle)); err != nil {
		return fmt.Errorf("torchbridge: replay a step: %w", err)
	}
	return nil
}

// forget drops the recording, whose tensors are about to change place.
func (g *graph) forget() error {
	recordings.Lock()
	defer recordings.Unlock()
	g.kept = false
	if err := shimError(C.bf_graph_forget(g.handle)); err != nil {
		return fmt.Errorf("torchbridge: forget a recording: %w", err)
	}
	return nil
}

// shortages returns how many requests for memory have failed on the thread's stream,
// since the process began.
func (g *graph) shortages() (int64, error) {
	var count C.int64_t
	if err := shimError(C.bf_graph_shortages(g.handle, &count)); err != nil {
		return 0, fmt.Errorf("torchbridge: failed requests for memory: %w", err)
	}
	return int64(count), nil
}

// nodes returns the number of kernels, copies and settings of memory that were recorded.
func (g *graph) nodes() (int, error) {
	var count C.int64_t
	if err := shimError(C.bf_graph_nodes(g.handle, &count)); err != nil {
		return 0, fmt.Errorf("torchbridge: nodes of a recording: %w", err)
	}
	return int(count), nil
}

// free gives recording and stream back.
func (g *graph) free() {
	if g.handle != nil {
		recordings.Lock()
		defer recordings.Unlock()
		C.bf_free_message(C.bf_graph_free(g.handle)) // nothing is left to be done about an error
		g.handle = nil
	}
}
