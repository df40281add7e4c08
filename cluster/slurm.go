package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

var (
	// ErrNoSlurm reports that this host does not have Slurm's commands.
	ErrNoSlurm = errors.New("no Slurm commands on this host (PATH): submit from a login node of the cluster, or start \"backfire worker --plan\" on each host yourself")
	// ErrSubmitted reports that jobs of a plan have not ended.
	ErrSubmitted = errors.New("the plan is submitted already")
)

// Slurm runs Slurm's commands.
type Slurm struct {
	// Run runs a command and returns its standard output.
	Run func(ctx context.Context, name string, args ...string) (string, error)
}

// Available returns nil if this host has Slurm's commands. Otherwise the error wraps
// [ErrNoSlurm].
func (s Slurm) Available(ctx context.Context) error {
	_, err := s.Run(ctx, "sbatch", "--version")
	return err
}

// Idle returns nil if no job of the plan in a directory waits or runs. Otherwise the
// error wraps [ErrSubmitted]: a second submission would replace the record of these
// jobs, so that they could not be cancelled by the plan any more.
func (s Slurm) Idle(ctx context.Context, plan string) error {
	before, err := ReadSubmitted(plan)
	if errors.Is(err, ErrNotSubmitted) {
		return nil
	}
	if err != nil {
		return err
	}
	queue, err := s.Queue(ctx, before)
	if err != nil {
		return err
	}
	if len(queue) > 0 {
		return fmt.Errorf("cluster: submit: %w as job %s, which has not ended: cancel it first (\"backfire cancel %s\")", ErrSubmitted, before, plan)
	}
	return nil
}

// lockFile is the file in the plan's directory that one submission locks at a time.
const lockFile = ".submit.lock"

// Submit writes the scripts of a job beside its plan, and submits the array and the job
// after it. Each job is recorded beside the plan before the next step, the array's by its
// name before it has a number, so that [Slurm.Cancel] finds it whenever this process ends.
// If a step fails, the jobs that were submitted, or may have been, are cancelled; where
// that fails, too, the record stays.
func (s Slurm) Submit(ctx context.Context, job Job) (*Submitted, error) {
	job.Token = strings.ToLower(rand.Text()[:8])
	scripts, err := job.Scripts()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(job.Logs(), 0o755); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	lock := flock.New(filepath.Join(job.Plan, lockFile))
	free, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("cluster: lock the plan: %w", err)
	}
	if !free {
		return nil, fmt.Errorf("cluster: submit: another process submits the plan now: %w", ErrSubmitted)
	}
	defer func() {
		_ = os.Remove(lock.Path()) // it may stay; what the record says protects the jobs
		_ = lock.Close()
	}()
	if err := s.Idle(ctx, job.Plan); err != nil {
		return nil, err
	}
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(job.Plan, name), []byte(text), 0o755); err != nil {
			return nil, fmt.Errorf("cluster: %w", err)
		}
	}
	submitted := &Submitted{Name: job.Name(), Tasks: job.Tasks, Time: time.Now().UTC()}
	if err := s.submit(ctx, job, submitted); err != nil {
		return nil, s.undo(ctx, job.Plan, submitted, err)
	}
	return submitted, nil
}

// submit submits both jobs and records each.
func (s Slurm) submit(ctx context.Context, job Job, submitted *Submitted) error {
	if err := submitted.write(job.Plan); err != nil {
		return err
	}
	var err error
	if submitted.Array, err = s.sbatch(ctx, submitted.Name, filepath.Join(job.Plan, ArrayScript)); err != nil {
		return err
	}
	if err := submitted.write(job.Plan); err != nil {
		return err
	}
	submitted.Tables, err = s.sbatch(ctx, submitted.Name+tablesEnd, "--dependency=afterany:"+submitted.Array, filepath.Join(job.Plan, TablesScript))
	if err != nil {
		return err
	}
	return submitted.write(job.Plan)
}

// undo cancels the jobs of a submission that failed, also after a Ctrl-C, and removes
// their record. It returns the reason with what could not be cancelled.
func (s Slurm) undo(ctx context.Context, plan string, submitted *Submitted, reason error) error {
	if err := s.Cancel(context.WithoutCancel(ctx), submitted); err != nil {
		return errors.Join(reason, fmt.Errorf("job %s may be in Slurm's queue (\"backfire cancel %s\" cancels it): %w", submitted, plan, err))
	}
	if err := os.Remove(filepath.Join(plan, RecordFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return errors.Join(reason, fmt.Errorf("cluster: %w", err))
	}
	return reason
}

// sbatch submits a script and returns the number of its job, which has a name that no
// other job has. Where the output of sbatch leaves the number open, the queue tells which
// job has the name.
func (s Slurm) sbatch(ctx context.Context, name string, args ...string) (string, error) {
	out, err := s.Run(ctx, "sbatch", append([]string{"--parsable"}, args...)...)
	if err != nil {
		return "", err
	}
	numbers := jobNumbers(out)
	if len(numbers) == 1 {
		return numbers[0], nil
	}
	queue, err := s.Run(ctx, "squeue", "--noheader", "--name="+name, "--format=%F")
	if err != nil {
		return "", errors.Join(fmt.Errorf("cluster: sbatch returned no single job number: %.200q", out), err)
	}
	if queued := jobNumbers(queue); len(queued) == 1 {
		return queued[0], nil
	}
	return "", fmt.Errorf("cluster: sbatch returned no single job number: %.200q", out)
}

// Cancel ends those jobs of a plan that have not ended: by their names those whose numbers
// are not known, and the others by their numbers.
func (s Slurm) Cancel(ctx context.Context, submitted *Submitted) error {
	var errs []error
	for _, name := range submitted.unnumbered() {
		if _, err := s.Run(ctx, "scancel", "--name="+name); err != nil {
			errs = append(errs, err)
		}
	}
	if numbers := submitted.numbers(); len(numbers) > 0 {
		if _, err := s.Run(ctx, "scancel", numbers...); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
