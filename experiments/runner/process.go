package runner

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"backfire/experiments/worker"
	"backfire/launcher"
)

// stopGrace is how long a worker that is told to stop may take before its process is killed.
const stopGrace = 3 * time.Second

// Process is a running worker process. Each of its workers does one request at a time. Any number
// of goroutines may use it.
type Process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	last  stderrTail
	Ended chan struct{} // closed when the process has ended
	err   error         // of the process's end; valid once Ended is closed

	mu      sync.Mutex
	orders  *json.Encoder
	at      map[int]*Assignment // by worker
	users   int                 // workers that have a request or a reservation for one
	leaving int                 // of those, workers whose request is to end before it is done
	hangsUp bool                // the process was told to end
}

// StartProcess starts a worker process from command, which is not started yet and has no streams,
// on the given processor cores, on any if there are none.
func StartProcess(command *exec.Cmd, cores []int) (*Process, error) {
	p := &Process{cmd: command, Ended: make(chan struct{}), at: map[int]*Assignment{}}
	var err error
	if p.stdin, err = command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("runner: start worker: %w", err)
	}
	p.orders = json.NewEncoder(p.stdin)
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("runner: start worker: %w", err)
	}
	command.Stderr = &p.last
	command.WaitDelay = stopGrace // in case a grandchild keeps the pipes open
	guard(command)
	started := make(chan error)
	go func() {
		// The kernel ties the "parent died" signal to the thread that forked.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := startOn(command, cores)
		started <- err
		if err != nil {
			return
		}
		p.forward(stdout)
		p.err = command.Wait()
		close(p.Ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("runner: start worker: %w", err)
	}
	return p, nil
}

// forward passes the events that the process writes to the assignments of their workers, until the
// process closes its output. Other lines, such as those that a library prints, join the tail of its
// standard error.
func (p *Process) forward(stdout io.Reader) {
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		var event worker.Event
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &event) != nil || event.Kind == "":
			_, _ = p.last.Write(line)
		default:
			p.mu.Lock()
			a := p.at[event.Worker]
			p.mu.Unlock()
			if a != nil {
				a.deliver(event)
			}
		}
		if err != nil {
			return
		}
	}
}

// reserve keeps the process for a request until release. It reports whether the process takes any.
func (p *Process) reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hangsUp || isClosed(p.Ended) {
		return false
	}
	p.users++
	return true
}

// idle reports whether no worker has a request or a reservation.
func (p *Process) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.users == 0
}

// release ends a reservation and returns how many are left.
func (p *Process) release() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users--
	return p.users
}

// Assign gives one of the process's workers, counted from 1, a request. The worker must not have
// one.
func (p *Process) Assign(number int, request worker.Request) *Assignment {
	a := &Assignment{process: p, worker: number, Events: make(chan worker.Event), over: make(chan struct{}), left: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[number] = a
	// The death of a process is noticed by its end, which explains more.
	a.Sent = p.orders.Encode(worker.Order{Worker: number, Request: request})
	return a
}

// tell gives one of the process's workers an order that leaves its request as it is.
func (p *Process) tell(number int, request worker.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hangsUp {
		_ = p.orders.Encode(worker.Order{Worker: number, Request: request}) // fails only if the process is gone
	}
}

// used returns the processor time that the process has used so far, if that is known.
func (p *Process) used() (time.Duration, bool) { return processorTime(p.cmd.Process.Pid) }

// kill ends a process that no longer reacts.
func (p *Process) kill() { _ = p.cmd.Process.Kill() }

// Close ends the process, by force if it does not react within seconds, and waits for its end.
func (p *Process) Close() {
	p.mu.Lock()
	p.hangUp()
	p.mu.Unlock()
	timer := time.AfterFunc(stopGrace, p.kill)
	defer timer.Stop()
	<-p.Ended
}

// hangUp tells the process to end. The caller holds mu.
func (p *Process) hangUp() {
	p.hangsUp = true
	_ = p.stdin.Close() // fails only if the process is gone
	for _, a := range p.at {
		a.ignore()
	}
}

// forget takes an assignment off the list of those that continue.
func (p *Process) forget(a *Assignment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at[a.worker] == a {
		delete(p.at, a.worker)
	}
}

// ExitError returns an error that describes the end of the process, with the end of its output. It
// may be called once Ended is closed. The error wraps launcher.ErrEngine where no worker can run at
// all.
func (p *Process) ExitError() error {
	if err := launcher.Explain(p.cmd, p.err, p.last.all()); err != nil {
		return err
	}
	cause := "it ended by itself"
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		cause = exit.Error()
	} else if p.err != nil {
		cause = p.err.Error()
	}
	if text := p.last.text(); text != "" {
		return fmt.Errorf("the worker process died (%s); its last output: %s", cause, text)
	}
	return fmt.Errorf("the worker process died (%s) without output", cause)
}
