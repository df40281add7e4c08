package program

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// mostOutput is the number of bytes of a program's output that are kept for a message.
const mostOutput = 1 << 16

// tail keeps the end of what is written to it.
type tail struct{ bytes.Buffer }

// Write keeps the last mostOutput bytes.
func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if n > mostOutput {
		p = p[n-mostOutput:]
	}
	if over := t.Len() + len(p) - mostOutput; over > 0 {
		t.Next(over)
	}
	t.Buffer.Write(p)
	return n, nil
}

// Run runs a command to its end, at most for a time limit, and ends all processes that it started. The error wraps
// [ErrProgram], and says in one sentence how the program ended, with the last line that it wrote.
func Run(ctx context.Context, command *exec.Cmd, limit time.Duration) error {
	var output tail
	command.Stdout, command.Stderr = &output, &output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.WaitDelay = time.Second
	name := command.Args[len(command.Args)-2]
	if err := command.Start(); err != nil {
		return fmt.Errorf("program: %s: %w: it cannot be started: %w", name, ErrProgram, err)
	}
	// Processes that it leaves behind end with it.
	end := func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	defer end()
	waited := make(chan error, 1)
	go func() { waited <- command.Wait() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		end()
		<-waited //nolint:errcheck // the error that the kill causes says nothing
		return ctx.Err()
	case <-timer.C:
		end()
		<-waited //nolint:errcheck // the error that the kill causes says nothing
		return fmt.Errorf("program: %s: %w: it did not end within %s", name, ErrProgram, limit)
	case err := <-waited:
		if err == nil || errors.Is(err, exec.ErrWaitDelay) {
			return nil
		}
		if last := lastLine(output.String()); last != "" {
			return fmt.Errorf("program: %s: %w: it ended with %w: %s", name, ErrProgram, err, last)
		}
		return fmt.Errorf("program: %s: %w: it ended with %w and wrote nothing", name, ErrProgram, err)
	}
}

// lastLine returns the last line of a text that is not empty.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
