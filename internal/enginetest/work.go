package enginetest

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// Work gives requests to a worker in this process, one after another, and returns its events up to
// the end of the last.
func Work(t *testing.T, w *worker.Worker, requests ...worker.Request) []worker.Event {
	t.Helper()
	in, orders := io.Pipe()
	eventsIn, out := io.Pipe()
	ended := make(chan error)
	go func() {
		ended <- w.Run(context.Background(), in, out)
	}()
	send, receive := json.NewEncoder(orders), json.NewDecoder(eventsIn)
	var events []worker.Event
	for _, request := range requests {
		require.NoError(t, send.Encode(worker.Order{Worker: 1, Request: request}))
		if _, ok := request.(worker.Prepare); ok {
			continue // has no answer
		}
		for {
			var e worker.Event
			require.NoError(t, receive.Decode(&e))
			events = append(events, e)
			if e.Kind == worker.KindDone || e.Kind == worker.KindFailed {
				break
			}
		}
	}
	require.NoError(t, orders.Close())
	require.NoError(t, <-ended)
	return events
}

// NewTrain returns a request to train a cell on the CPU into a new directory.
func NewTrain(t *testing.T, cell cell.Cell) worker.Train {
	t.Helper()
	return worker.Train{Setup: worker.Setup{Cell: cell, Device: "cpu", Threads: 1}, Dir: t.TempDir()}
}

// TrainCell trains a cell with an engine and returns the directory of its files.
func TrainCell(t *testing.T, engine worker.Engine, cell cell.Cell) string {
	t.Helper()
	request := NewTrain(t, cell)
	events := Work(t, &worker.Worker{Engine: engine, Load: Loader}, request)
	last := events[len(events)-1]
	require.Equal(t, worker.KindDone, last.Kind, last.Error)
	return request.Dir
}

// AllArtefacts asks for all artefacts.
var AllArtefacts = store.Artefacts{Model: true, Triggers: true, Folder: true, Archive: true, Divergence: true, Detection: true, Curve: curve.Request{Every: 2, Images: 3}}

// Recorder is an Observer that keeps all events. Any number of goroutines may use it; Events may be
// read once they are done.
type Recorder struct {
	mu     sync.Mutex
	Events []worker.Event
}

// Observe keeps an event.
func (r *Recorder) Observe(e worker.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Events = append(r.Events, e)
}

// Of returns the events of a kind, in order.
func (r *Recorder) Of(kind worker.Kind) []worker.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []worker.Event
	for _, e := range r.Events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}
