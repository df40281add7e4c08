package runner

import (
	"sync"
	"time"

	"backfire/experiments/worker"
)

// Assignment is a request that a worker of a process has.
type Assignment struct {
	process *Process
	worker  int
	Events  chan worker.Event // from the worker, up to worker.KindDone or worker.KindFailed
	over    chan struct{}     // closed after the last event
	Sent    error             // why the order did not reach the process; nil: it did

	ignored sync.Once
	left    chan struct{} // closed when no goroutine reads events any more
}

// deliver passes on an event.
func (a *Assignment) deliver(event worker.Event) {
	select {
	case a.Events <- event:
	case <-a.left:
	}
	if event.Kind == worker.KindDone || event.Kind == worker.KindFailed {
		a.process.forget(a)
		close(a.over)
	}
}

// ignore declares that no goroutine reads events any more.
func (a *Assignment) ignore() { a.ignored.Do(func() { close(a.left) }) }

// stop tells the worker to abandon the request. Its events are still to be read, up to the last.
func (a *Assignment) stop() { a.process.tell(a.worker, worker.Stop{}) }

// end stops the work on the request, whose reservation still holds, and waits until it has stopped.
// The worker is told to stop; where all requests of the process are to end, or the worker does not
// react, the process is ended.
func (a *Assignment) end() {
	a.ignore()
	if isClosed(a.over) {
		return
	}
	p := a.process
	p.mu.Lock()
	if p.leaving++; p.leaving < p.users {
		_ = p.orders.Encode(worker.Order{Worker: a.worker, Request: worker.Stop{}}) // fails only if the process is gone
	} else {
		p.hangUp()
	}
	p.mu.Unlock()
	timer := time.AfterFunc(stopGrace, p.kill)
	defer timer.Stop()
	select {
	case <-a.over:
	case <-p.Ended:
	}
	p.mu.Lock()
	p.leaving--
	p.mu.Unlock()
}
