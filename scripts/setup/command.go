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
	stdout io.Writer // nil: discarded
	stderr io.Writer // nil: its last line becomes part of the error
}

// commander runs other programs. Tests replace it by one that records the commands.
type commander func(ctx context.Context, c command) error

// runCommand runs a command. When ctx ends, it sends the program SIGTERM, and kills it ten seconds later.
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

// output runs a command and returns its standard output.
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

// notFound reports whether err means that the program does not exist.
func notFound(err error) bool { return errors.Is(err, exec.ErrNotFound) }
