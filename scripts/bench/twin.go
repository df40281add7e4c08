package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// twin is a running twin.py, the PyTorch process.
type twin struct {
	command *exec.Cmd
	stdin   io.WriteCloser
	answers *bufio.Scanner
}

// startTwin starts twin.py for models of a width and rounds of so many steps.
func startTwin(ctx context.Context, o options, width, steps int) (*twin, error) {
	command := exec.CommandContext(ctx, o.python, o.twin, "--width", strconv.Itoa(width), "--batch", strconv.Itoa(o.batch),
		"--threads", strconv.Itoa(o.threads), "--steps", strconv.Itoa(steps), "--precision", o.precision)
	command.Stderr = os.Stderr
	command.Env = o.pytorchEnv()
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", o.python, err)
	}
	return &twin{command, stdin, bufio.NewScanner(stdout)}, nil
}

// pytorchEnv returns the environment of PyTorch's side, the strongest that a user can give it:
// with an allocator of its own if there is one, which the C library's settings do not concern, and
// otherwise with the settings of the C library that backfire's workers run with.
func (o options) pytorchEnv() []string {
	if o.preload == "" {
		return os.Environ()
	}
	own := func(v string) bool {
		return strings.HasPrefix(v, "GLIBC_TUNABLES=") || strings.HasPrefix(v, "LD_PRELOAD=")
	}
	return append(slices.DeleteFunc(os.Environ(), own), "LD_PRELOAD="+o.preload)
}

// errUnavailable reports that this PyTorch cannot run a variant.
var errUnavailable = errors.New("not available")

// ask sends one request and returns the number that answers it. The error wraps errUnavailable,
// with PyTorch's reason, where there is none.
func (t *twin) ask(name string, number int) (float64, error) {
	if _, err := fmt.Fprintln(t.stdin, name, number); err != nil {
		return 0, fmt.Errorf("ask PyTorch for %s: %w", name, err)
	}
	if !t.answers.Scan() {
		return 0, fmt.Errorf("PyTorch ended while timing %s (see its message above)", name)
	}
	text := strings.TrimSpace(t.answers.Text())
	if why, ok := strings.CutPrefix(text, "unavailable "); ok {
		return 0, fmt.Errorf("%s: %w: %s", name, errUnavailable, why)
	}
	return strconv.ParseFloat(text, 64)
}

// stop ends the process.
func (t *twin) stop() {
	_ = t.stdin.Close()  // ends the requests, and with them the process
	_ = t.command.Wait() // its exit status adds nothing to the errors of ask
}
