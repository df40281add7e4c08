package launcher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// describeLimit is the time that an engine may take to describe itself. From a cold
	// network file system libtorch loads in minutes.
	describeLimit = 5 * time.Minute
	// retryAfter is the pause before an engine that was killed is tried once more.
	retryAfter = 200 * time.Millisecond
)

// Describe starts the engine and returns its description. That takes as long as loading
// libtorch, about a second. An engine that a signal ended, or that the system could not
// start just now, is tried once more. The error wraps [ErrEngine]. It is one sentence with
// the reason and the remedy.
func (l Launcher) Describe(ctx context.Context) (Description, error) {
	d, passing, err := l.describe(ctx)
	if !passing || ctx.Err() != nil {
		return d, err
	}
	select {
	case <-ctx.Done():
	case <-time.After(retryAfter):
	}
	d, _, err = l.describe(ctx)
	return d, err
}

// describe asks the engine once. passing reports that the error may be gone the next time.
func (l Launcher) describe(ctx context.Context) (d Description, passing bool, err error) {
	bounded, cancel := context.WithTimeout(ctx, describeLimit)
	defer cancel()
	command, err := l.command(bounded, RoleDescribe)
	if err != nil {
		return Description{}, false, err
	}
	if value(l.environ, LibtorchVariable) != "" {
		// Bind all functions at once, so that one which another libtorch lacks is reported
		// here and not during a training.
		command.Env = append(command.Env, "LD_BIND_NOW=1")
	}
	var out, stderr bytes.Buffer
	command.Stdout, command.Stderr, command.WaitDelay = &out, &stderr, time.Second
	if err := command.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		switch {
		case ctx.Err() != nil:
			return Description{}, false, fmt.Errorf("launcher: describe: %w", ctx.Err())
		case bounded.Err() != nil:
			return Description{}, false, fault("check the file system that it lies on, and this machine's memory",
				"%s did not answer within %s", command.Path, describeLimit)
		}
		return Description{}, isPassing(command, err), describeError(ctx, command, err, stderr.String())
	}
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		return Description{}, false, fault(build, "%s does not answer as an engine does", command.Path)
	}
	if d.Protocol != Protocol {
		return Description{}, false, fault(build, "%s (%s) speaks protocol %d, this program %d",
			command.Path, d.Build.Version, d.Protocol, Protocol)
	}
	if err := checkVersion(d.Libtorch.Version, d.Libtorch.Directory); err != nil {
		return Description{}, false, err
	}
	return d, false, nil
}

// isPassing reports whether an engine that could not be started, or that ended, may run
// the next time.
func isPassing(command *exec.Cmd, waited error) bool {
	if _, ended := endSignal(command); ended {
		return true
	}
	for _, refusal := range []error{syscall.EAGAIN, syscall.ENOMEM, syscall.ETXTBSY} {
		if errors.Is(waited, refusal) {
			return true
		}
	}
	return false
}

// endSignal returns the signal that ended a command. A shell in between reports it as an
// exit code above 128.
func endSignal(command *exec.Cmd) (syscall.Signal, bool) {
	if command.ProcessState == nil {
		return 0, false
	}
	status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
	const shell, last = 128, 64
	switch {
	case !ok:
		return 0, false
	case status.Signaled():
		return status.Signal(), true
	case status.ExitStatus() > shell && status.ExitStatus() <= shell+last:
		return syscall.Signal(status.ExitStatus() - shell), true
	}
	return 0, false
}

// memoryRemedy is the remedy where memory or processes are short.
const memoryRemedy = "give this machine, job or container more memory, and raise its limits (ulimit -v, ulimit -u)"

// scarce are words in what the Go runtime, libtorch and the C library say where memory or
// processes are short.
var scarce = []string{
	"cannot allocate memory", "Cannot allocate memory", "failed to reserve", "out of memory", "bad_alloc", "can't allocate", "pthread_create", "newosproc",
	"Resource temporarily unavailable", "failed to map segment",
}

// saysScarce reports whether a text has one of those words.
func saysScarce(text string) bool {
	for _, word := range scarce {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// describeError returns the reason why an engine ended without its description.
func describeError(ctx context.Context, command *exec.Cmd, waited error, stderr string) error {
	if err := Explain(command, waited, stderr); err != nil {
		return err
	}
	finding, remedy := fmt.Errorf("%s cannot be started: %w", command.Path, waited), build
	first, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	if signal, ended := endSignal(command); ended {
		remedy, finding = signalFinding(command.Path, signal, first)
	} else if first != "" {
		finding = fmt.Errorf("%s ended with %w: %s", command.Path, waited, first)
	}
	if saysScarce(stderr) || isPassing(command, waited) && errors.Is(waited, syscall.ENOMEM) || errors.Is(waited, syscall.EAGAIN) {
		remedy = memoryRemedy
	}
	if files := foreignLibraries(ctx, command); files != "" {
		return fault(foreignRemedy+", or "+remedy, "%w (%s)", finding, files)
	}
	return &Fault{Finding: finding, Remedy: remedy}
}

// signalFinding returns the remedy and the reason if a signal ended an engine, with the
// first line that it wrote.
func signalFinding(path string, signal syscall.Signal, first string) (remedy string, finding error) {
	said := ""
	if first != "" {
		said = ": " + first
	}
	switch signal {
	case syscall.SIGKILL:
		return memoryRemedy, fmt.Errorf("%s was killed twice (SIGKILL), which the system does where memory is short%s", path, said)
	case syscall.SIGILL:
		return rebuild + ", on this machine", fmt.Errorf("%s uses an instruction that this processor does not have (SIGILL)%s", path, said)
	case syscall.SIGXCPU:
		return "raise the limit (ulimit -t)", fmt.Errorf("%s used up its processor time (SIGXCPU)%s", path, said)
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2:
		return "repeat the command", fmt.Errorf("%s was ended twice from outside (signal: %s)%s", path, signal, said)
	}
	return rebuild, fmt.Errorf("%s crashed twice (signal: %s)%s", path, signal, said)
}
