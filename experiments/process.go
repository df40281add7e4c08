package experiments

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

	"backfire/launcher"
)

// stopGrace is how long a worker that is told to stop may take before it is
// killed.
const stopGrace = 3 * time.Second

// process is a running worker process.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	events chan Event    // closed when the process has ended
	stop   chan struct{} // closed when nobody reads events any more
	last   lastWords
	err    error // how the process ended; valid once events is closed
}

// startProcess starts a worker process from command, which is not started yet
// and has no streams.
func startProcess(command *exec.Cmd) (*process, error) {
	p := &process{cmd: command, events: make(chan Event), stop: make(chan struct{})}
	var err error
	if p.stdin, err = command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("experiments: start worker: %w", err)
	}
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
		err := command.Start()
		started <- err
		if err != nil {
			return
		}
		p.forward(stdout)
		p.err = command.Wait()
		close(p.events)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("experiments: start worker: %w", err)
	}
	return p, nil
}

// forward hands on the events that the worker writes, until it closes its
// output. Other lines, such as what a library prints, join the last words.
func (p *process) forward(stdout io.Reader) {
	lines := bufio.NewReader(stdout)
	for {
		line, err := lines.ReadBytes('\n')
		var event Event
		switch {
		case len(line) == 0:
		case json.Unmarshal(line, &event) != nil || event.Kind == "":
			_, _ = p.last.Write(line)
		default:
			select {
			case p.events <- event:
			case <-p.stop:
			}
		}
		if err != nil {
			return
		}
	}
}

// send gives the worker a job.
func (p *process) send(job Job) error {
	return json.NewEncoder(p.stdin).Encode(job)
}

// used is the processor time that the worker has used so far, if that is known.
func (p *process) used() (time.Duration, bool) { return processorTime(p.cmd.Process.Pid) }

// kill ends a worker that does not listen any more.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// close tells the worker to end, kills it if it does not, and waits for it.
func (p *process) close() {
	close(p.stop)
	_ = p.stdin.Close() // Fails only if the worker is gone already.
	timer := time.AfterFunc(stopGrace, p.kill)
	defer timer.Stop()
	for range p.events {
		continue // drained until the process has ended
	}
}

// obituary says how the process ended and what it said last. It may be called
// once events is closed. The error wraps launcher.ErrEngine where no worker can
// run at all.
func (p *process) obituary() error {
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
type lastWords struct {
	mu   sync.Mutex
	tail []byte
}

const (
	lastWordsBytes = 64 << 10 // kept
	lastWordsLines = 4        // shown
)

// Write keeps the last bytes. It never fails.
func (l *lastWords) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, data...)
	if over := len(l.tail) - lastWordsBytes; over > 0 {
		l.tail = append(l.tail[:0], l.tail[over:]...)
	}
	return len(data), nil
}

// all returns what is kept.
func (l *lastWords) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.tail)
}

// text is what is worth showing: the line with which Go begins its report of a
// panic or signal, and those before it (goroutine dumps follow it), or else the
// last lines.
func (l *lastWords) text() string {
	lines := strings.FieldsFunc(l.all(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") || strings.HasPrefix(line, "SIG") {
			lines = lines[:i+1]
			break
		}
	}
	return strings.Join(lines[max(0, len(lines)-lastWordsLines):], " | ")
}
