package runner

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"backfire/experiments/worker"
	"backfire/launcher"
)

// stopGrace is how long a worker that is told to stop may take before it is
// killed.
const stopGrace = 3 * time.Second

// process is a running worker process. Its workers do one job each at a time.
type Process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	last  stderrTail
	Ended chan struct{} // closed when the process has ended
	err   error         // how; valid once ended is closed

	mu      sync.Mutex
	orders  *json.Encoder
	at      map[int]*Assignment // by worker
	users   int                 // workers that have a job or are promised one
	leaving int                 // of them, those whose job is to end before it is done
	hangsUp bool                // it was told to end
}

// startProcess starts a worker process from command, which is not started yet
// and has no streams, on some cores; on any if there are none.
func StartProcess(command *exec.Cmd, cores []int) (*Process, error) {
	p := &Process{cmd: command, Ended: make(chan struct{}), at: map[int]*Assignment{}}
	var err error
	if p.stdin, err = command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("experiments: start worker: %w", err)
	}
	p.orders = json.NewEncoder(p.stdin)
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("experiments: start worker: %w", err)
	}
	command.Stderr = &p.last
	command.WaitDelay = stopGrace // should a grandchild keep the pipes open
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
		return nil, fmt.Errorf("experiments: start worker: %w", err)
	}
	return p, nil
}

// forward hands on the events that the process writes, to whoever gave the worker
// its job, until it closes its output. Other lines, such as what a library
// prints, join the last words.
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
				a.hear(event)
			}
		}
		if err != nil {
			return
		}
	}
}

// promise keeps the process for a job, until release. It says whether the process
// takes any.
func (p *Process) reserve() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hangsUp || isClosed(p.Ended) {
		return false
	}
	p.users++
	return true
}

// idle says whether nobody has or is promised a job.
func (p *Process) idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.users == 0
}

// release ends a promise and returns how many are left.
func (p *Process) release() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users--
	return p.users
}

// assign gives one of the process's workers, counted from 1, a job. It must have
// none.
func (p *Process) Assign(w int, job worker.Job) *Assignment {
	a := &Assignment{process: p, worker: w, Events: make(chan worker.Event), over: make(chan struct{}), left: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at[w] = a
	// A process that died is noticed by its end, which says more.
	a.Sent = p.orders.Encode(worker.Order{Worker: w, Job: &job})
	return a
}

// used is the processor time that the process has used so far, if that is known.
func (p *Process) used() (time.Duration, bool) { return processorTime(p.cmd.Process.Pid) }

// kill ends a process that does not listen any more.
func (p *Process) kill() { _ = p.cmd.Process.Kill() }

// close tells the process to end, kills it if it does not, and waits for it.
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
	_ = p.stdin.Close() // Fails only if the process is gone already.
	for _, a := range p.at {
		a.ignore()
	}
}

// assignment is a job that a worker of a process has.
type Assignment struct {
	process *Process
	worker  int
	Events  chan worker.Event // what the worker tells, up to KindDone or KindFailed
	over    chan struct{}     // closed by then
	Sent    error             // why the order did not reach the process

	ignored sync.Once
	left    chan struct{} // closed when nobody reads events any more
}

// hear hands on an event.
func (a *Assignment) hear(event worker.Event) {
	select {
	case a.Events <- event:
	case <-a.left:
	}
	if event.Kind == worker.KindDone || event.Kind == worker.KindFailed {
		a.process.forget(a)
		close(a.over)
	}
}

// forget takes an assignment off the list of those that go on.
func (p *Process) forget(a *Assignment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.at[a.worker] == a {
		delete(p.at, a.worker)
	}
}

// ignore says that nobody reads events any more.
func (a *Assignment) ignore() { a.ignored.Do(func() { close(a.left) }) }

// end sees to it that the job, which was promised, is not worked on any more, and
// waits for that: the worker leaves off; or the process ends, where all that it was
// kept for is to end or the worker does not listen.
func (a *Assignment) end() {
	a.ignore()
	if isClosed(a.over) {
		return
	}
	p := a.process
	p.mu.Lock()
	if p.leaving++; p.leaving < p.users {
		_ = p.orders.Encode(worker.Order{Worker: a.worker}) // A process that died has left off.
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

// obituary says how the process ended and what it said last. It may be called
// once ended is closed. The error wraps launcher.ErrEngine where no worker can
// run at all.
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
	if words := p.last.text(); words != "" {
		return fmt.Errorf("the worker process died (%s); its last words: %s", cause, words)
	}
	return fmt.Errorf("the worker process died (%s) without a word", cause)
}

// lastWords keeps the end of what a process wrote.
type stderrTail struct {
	mu   sync.Mutex
	tail []byte
}

const (
	lastWordsBytes = 64 << 10 // kept
	lastWordsLines = 4        // shown
)

// Write keeps the last bytes. It never fails.
func (l *stderrTail) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, data...)
	if over := len(l.tail) - lastWordsBytes; over > 0 {
		l.tail = append(l.tail[:0], l.tail[over:]...)
	}
	return len(data), nil
}

// all returns what is kept.
func (l *stderrTail) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.tail)
}

// text is what is worth showing: the line with which Go begins its report of a
// panic or signal, and those before it (goroutine dumps follow it), or else the
// last lines.
func (l *stderrTail) text() string {
	lines := strings.FieldsFunc(l.all(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "SIG") {
			lines = lines[:i+1]
			break
		}
	}
	return strings.Join(lines[max(0, len(lines)-lastWordsLines):], " | ")
}
