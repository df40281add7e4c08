package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// command is one run of another program.
type command struct {
	dir    string
	env    []string // in addition to this process's environment
	name   string
	args   []string
	stdout io.Writer // nil to discard
	stderr io.Writer // nil to keep the end of it for the error
}

// commander runs other programs. Tests put a recording one in its place.
type commander func(ctx context.Context, c command) error

// runCommand is the commander that really runs them. The program is asked to end when ctx is, and killed ten seconds later.
func runCommand(ctx context.Context, c command) error {
	cmd := exec.CommandContext(ctx, c.name, c.args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdout = c.stdout
	var said bytes.Buffer
	cmd.Stderr = c.stderr
	if c.stderr == nil {
		cmd.Stderr = &said
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	if last := lastLine(said.String()); last != "" {
		return fmt.Errorf("%s: %w: %s", c.name, err, last)
	}
	return fmt.Errorf("%s: %w", c.name, err)
}

// output runs c and returns its standard output.
func (run commander) output(ctx context.Context, c command) (string, error) {
	var out bytes.Buffer
	c.stdout = &out
	err := run(ctx, c)
	return out.String(), err
}

// lastLine returns the last non-empty line of text.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// notFound tells whether err means that the program does not exist.
func notFound(err error) bool { return errors.Is(err, exec.ErrNotFound) }
