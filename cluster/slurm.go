package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

var (
	// ErrNoSlurm reports that this host does not have Slurm's commands.
	ErrNoSlurm = errors.New("no Slurm commands on this host (PATH): submit from a login node of the cluster, or start \"backfire worker --plan\" on each host yourself")
	// ErrNotSubmitted reports that a plan was never submitted.
	ErrNotSubmitted = errors.New("the plan was not submitted to Slurm")
	// ErrSubmitted reports that jobs of a plan have not ended.
	ErrSubmitted = errors.New("the plan is submitted already")
)

// Submitted is the record of the jobs of a plan, the contents of RecordFile.
type Submitted struct {
	Array  string    `json:"array"`  // number of the array's job
	Tables string    `json:"tables"` // number of the job that makes the tables
	Tasks  int       `json:"tasks"`
	Time   time.Time `json:"time"` // UTC
}

// Slurm runs Slurm's commands.
type Slurm struct {
	// Run runs a command and returns its standard output.
	Run func(ctx context.Context, name string, args ...string) (string, error)
}

// NewSlurm returns the Slurm of this host.
func NewSlurm() Slurm { return Slurm{Run: run} }

// run runs a command and returns its standard output. The error has the command's
// standard error in one line.
func run(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	var out, errOut bytes.Buffer
	command.Stdout, command.Stderr = &out, &errOut
	err := command.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("cluster: %s: %w", name, ErrNoSlurm)
	}
	if err != nil {
		said := strings.Join(strings.FieldsFunc(errOut.String(), func(r rune) bool { return r == '\n' }), "; ")
		return "", fmt.Errorf("cluster: %s: %w: %s", name, err, said)
	}
	return out.String(), nil
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
		return fmt.Errorf("cluster: submit: %w as job %s, which has not ended: cancel it first (\"backfire cancel %s\")", ErrSubmitted, before.Array, plan)
	}
	return nil
}

// Submit writes the scripts of a job beside its plan, submits the array and the job
// after it, and records both beside the plan. If a step fails, the jobs that were
// submitted are cancelled.
func (s Slurm) Submit(ctx context.Context, job Job) (*Submitted, error) {
	scripts, err := job.Scripts()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(job.Logs(), 0o755); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	for name, text := range scripts {
		if err := os.WriteFile(filepath.Join(job.Plan, name), []byte(text), 0o755); err != nil {
			return nil, fmt.Errorf("cluster: %w", err)
		}
	}
	array, err := s.sbatch(ctx, filepath.Join(job.Plan, ArrayScript))
	if err != nil {
		return nil, err
	}
	submitted := &Submitted{Array: array, Tasks: job.Tasks, Time: time.Now().UTC()}
	tables, err := s.sbatch(ctx, "--dependency=afterany:"+array, filepath.Join(job.Plan, TablesScript))
	if err != nil {
		return nil, errors.Join(err, s.Cancel(ctx, submitted))
	}
	submitted.Tables = tables
	data, err := json.MarshalIndent(submitted, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(job.Plan, RecordFile), append(data, '\n'), 0o644)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cluster: record the submitted jobs: %w", err), s.Cancel(ctx, submitted))
	}
	return submitted, nil
}

// sbatch submits a script and returns the number of its job.
func (s Slurm) sbatch(ctx context.Context, args ...string) (string, error) {
	out, err := s.Run(ctx, "sbatch", append([]string{"--parsable"}, args...)...)
	if err != nil {
		return "", err
	}
	number, _, _ := strings.Cut(strings.TrimSpace(out), ";") // the name of a cluster can follow
	if number == "" {
		return "", fmt.Errorf("cluster: sbatch returned no job number: %q", out)
	}
	return number, nil
}

// ReadSubmitted returns the record of the jobs of the plan in a directory. The error
// wraps [ErrNotSubmitted] if there is none.
func ReadSubmitted(plan string) (*Submitted, error) {
	data, err := os.ReadFile(filepath.Join(plan, RecordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cluster: %w", ErrNotSubmitted)
	}
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	var submitted Submitted
	if err := json.Unmarshal(data, &submitted); err != nil {
		return nil, fmt.Errorf("cluster: read %s: %w", RecordFile, err)
	}
	return &submitted, nil
}

// Cancel ends those jobs of a plan that have not ended.
func (s Slurm) Cancel(ctx context.Context, submitted *Submitted) error {
	jobs := []string{submitted.Array}
	if submitted.Tables != "" {
		jobs = append(jobs, submitted.Tables)
	}
	_, err := s.Run(ctx, "scancel", jobs...)
	return err
}
