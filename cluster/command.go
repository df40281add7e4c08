package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// commandLimit is the time that a command of Slurm's may take. A busy controller answers
// after a minute and more.
const commandLimit = 2 * time.Minute

// The sizes of what a command says, in bytes: of its output, and of the part of its
// standard error that an error repeats.
const (
	mostOutput = 16 << 20
	mostSaid   = 1000
)

// NewSlurm returns the Slurm of this host.
func NewSlurm() Slurm { return SlurmWithin(commandLimit) }

// SlurmWithin returns the Slurm of this host, with a limit for the time of each command.
func SlurmWithin(limit time.Duration) Slurm {
	return Slurm{Run: func(ctx context.Context, name string, args ...string) (string, error) {
		return run(ctx, limit, name, args...)
	}}
}

// run runs a command for at most a limit of time and returns its standard output. The
// error has the command's standard error in one line. A command that is ended takes with
// it the processes that it started.
func run(ctx context.Context, limit time.Duration, name string, args ...string) (string, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %s", limit))
	defer cancel()
	command := exec.CommandContext(bounded, name, args...)
	command.Env = scrubbed(os.Environ())
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second // for a process that left the group and holds the output
	out, errOut := &bounding{end: cancel}, &bounding{end: cancel}
	command.Stdout, command.Stderr = out, errOut
	err := command.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		_ = command.Cancel() // of what it left behind, which held its output
		err = nil
	}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("cluster: %s: %w", name, ErrNoSlurm)
	case out.full || errOut.full:
		return "", fmt.Errorf("cluster: %s: its output has more than %d MiB", name, mostOutput>>20)
	case bounded.Err() != nil:
		return "", fmt.Errorf("cluster: %s: %w", name, context.Cause(bounded))
	case err != nil:
		said := strings.Join(strings.FieldsFunc(errOut.String(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
		return "", fmt.Errorf("cluster: %s: %w: %s", name, err, strings.ToValidUTF8(said[:min(len(said), mostSaid)], ""))
	}
	return out.String(), nil
}

// bounding keeps what is written to it, up to mostOutput, and ends the command that
// writes more.
type bounding struct {
	bytes.Buffer
	end  func()
	full bool
}

// Write keeps text.
func (b *bounding) Write(text []byte) (int, error) {
	if b.Len()+len(text) > mostOutput {
		b.full = true
		b.end()
		return 0, errors.New("too much output")
	}
	return b.Buffer.Write(text)
}

// scrubbed returns the environment without the variables that change what Slurm's commands
// do or print: options (SBATCH_PARTITION, SQUEUE_FORMAT), and those of the job in which
// this process may itself run (SLURM_JOB_ID). Those stay by which the commands find the
// cluster and are let in.
func scrubbed(environ []string) []string {
	const families = "SLURM SBATCH SQUEUE SACCT SCANCEL SCONTROL SRUN SALLOC SINFO"
	found := []string{"SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT"}
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		family, _, ok := strings.Cut(name, "_")
		return ok && slices.Contains(strings.Fields(families), family) && !slices.Contains(found, name)
	})
}
