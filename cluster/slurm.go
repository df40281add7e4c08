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
	// ErrNoSlurm says that Slurm's commands are not there.
	ErrNoSlurm = errors.New("no Slurm commands on this host (PATH): submit from a login node of the cluster, or start \"backfire worker --plan\" on each host yourself")
	// ErrNotSubmitted says that a plan was never submitted.
	ErrNotSubmitted = errors.New("the plan was not submitted to Slurm")
	// ErrSubmitted says that jobs of a plan have not ended.
	ErrSubmitted = errors.New("the plan is submitted already")
)

// Submitted is what was handed to Slurm for a plan, as RecordFile holds it.
type Submitted struct {
	Array  string    `json:"array"`  // number of the job
	Tables string    `json:"tables"` // likewise, of the job after it
	Tasks  int       `json:"tasks"`
	Time   time.Time `json:"time"` // UTC
}

// Slurm runs Slurm's commands.
type Slurm struct {
	// Run runs a command and returns its standard output.
	Run func(ctx context.Context, name string, args ...string) (string, error)
}

// NewSlurm is the Slurm of this host.
func NewSlurm() Slurm { return Slurm{Run: run} }

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

// Available says whether this host has Slurm's commands. The error wraps
// ErrNoSlurm.
func (s Slurm) Available(ctx context.Context) error {
	_, err := s.Run(ctx, "sbatch", "--version")
	return err
}

// Idle says that no job that was submitted for the plan in a directory waits or
// runs: a second submission would take their place in the record, and nobody could
// cancel them by the plan. The error wraps ErrSubmitted.
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

// Submit writes the scripts of a job beside its plan, submits the array and the
// job after it, and notes that beside the plan.
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
		return nil, errors.Join(fmt.Errorf("cluster: note what was submitted: %w", err), s.Cancel(ctx, submitted))
	}
	return submitted, nil
}

// sbatch submits a script and returns the number of its job.
func (s Slurm) sbatch(ctx context.Context, args ...string) (string, error) {
	out, err := s.Run(ctx, "sbatch", append([]string{"--parsable"}, args...)...)
	if err != nil {
		return "", err
	}
	number, _, _ := strings.Cut(strings.TrimSpace(out), ";") // a cluster's name may follow
	if number == "" {
		return "", fmt.Errorf("cluster: sbatch named no job: %q", out)
	}
	return number, nil
}

// ReadSubmitted reads what was submitted for the plan in a directory. The error
// wraps ErrNotSubmitted when nothing was.
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

// Cancel ends the jobs that were submitted for a plan, if they have not ended.
func (s Slurm) Cancel(ctx context.Context, submitted *Submitted) error {
	jobs := []string{submitted.Array}
	if submitted.Tables != "" {
		jobs = append(jobs, submitted.Tables)
	}
	_, err := s.Run(ctx, "scancel", jobs...)
	return err
}
