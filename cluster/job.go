// Package cluster hands a stored plan to a batch scheduler: it writes the scripts
// of an array of workers and of the job that makes the tables after them, submits
// them, and asks how they fare. It knows Slurm, and nothing of what is trained.
package cluster

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// ErrJob says that a job cannot be submitted as it is asked for.
var ErrJob = errors.New("cannot be submitted")

// The files of a job, in the plan's directory.
const (
	ArrayScript  = "array.sbatch"   // every task of it is one worker
	TablesScript = "tables.sbatch"  // runs when the array has ended
	RecordFile   = "submitted.json" // what was submitted
	LogsDir      = "logs"           // what the tasks say
)

// leaveBefore is how long before its end a task is told to leave, and grace what
// it may use of that to reach a checkpoint.
const (
	leaveBefore = 2 * time.Minute
	grace       = 90 * time.Second
)

// Job is an array of workers on one plan.
type Job struct {
	Program string   // this program, absolute
	Plan    string   // the plan's directory, absolute
	Dir     string   // working directory, absolute
	Environ []string // NAME=value, that the workers need beside the scheduler's

	Tasks      int           // of the array
	MaxRunning int           // of them at a time; 0: any number
	Cells      int           // per task and start; 0: any number
	Time       time.Duration // of a task; 0: the partition's default
	GPUs       int           // per task
	CPUs       int           // per task
	Partition  string        // empty: the default
	Account    string        // likewise
	Constraint string        // likewise
}

//go:embed array.sbatch.tmpl tables.sbatch.tmpl
var templates embed.FS

// check refuses what the scheduler would refuse later or misread.
func (j Job) check() error {
	for _, path := range []string{j.Program, j.Plan, j.Dir} {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%w: path %q is not absolute", ErrJob, path)
		}
		if strings.ContainsAny(path, "\n\"'%\\") {
			return fmt.Errorf("%w: path %q holds a line break, quote, percent sign or backslash, which batch scripts cannot", ErrJob, path)
		}
	}
	for _, word := range []string{j.Partition, j.Account, j.Constraint} {
		if strings.ContainsAny(word, " \n\"'") {
			return fmt.Errorf("%w: %q holds a space, line break or quote", ErrJob, word)
		}
	}
	switch {
	case j.Tasks < 1 || j.MaxRunning < 0 || j.Cells < 0 || j.GPUs < 0 || j.CPUs < 0:
		return fmt.Errorf("%w: numbers of tasks, models, GPUs and CPUs must not be negative, and there must be a task", ErrJob)
	case j.Time != 0 && j.Time < 2*leaveBefore:
		return fmt.Errorf("%w: a time limit of %s: a task needs at least %s", ErrJob, j.Time, 2*leaveBefore)
	}
	return nil
}

// Scripts returns the scripts of a job by file name. The error wraps ErrJob.
func (j Job) Scripts() (map[string]string, error) {
	if err := j.check(); err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	set, err := template.New("").Funcs(template.FuncMap{"quote": quote, "minutes": minutes}).ParseFS(templates, "*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	scripts := map[string]string{}
	for _, name := range []string{ArrayScript, TablesScript} {
		var text strings.Builder
		if err := set.ExecuteTemplate(&text, name+".tmpl", j); err != nil {
			return nil, fmt.Errorf("cluster: write %s: %w", name, err)
		}
		scripts[name] = text.String()
	}
	return scripts, nil
}

// Name is what the job is called.
func (j Job) Name() string {
	name := filepath.Base(j.Plan)
	return "backfire-" + name[:min(len(name), 8)]
}

// Logs is where the tasks write to.
func (j Job) Logs() string { return filepath.Join(j.Plan, LogsDir) }

// Store is the store with the plan.
func (j Job) Store() string { return filepath.Dir(filepath.Dir(j.Plan)) }

// LastTask is the number of the last task.
func (j Job) LastTask() int { return j.Tasks - 1 }

// LeaveBefore is in seconds.
func (j Job) LeaveBefore() int { return int(leaveBefore.Seconds()) }

// Grace is in seconds.
func (j Job) Grace() int { return int(grace.Seconds()) }

// quote makes one word of text for a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// minutes is a length of time as schedulers take it, rounded up.
func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

// ErrNotShared says that other hosts cannot see a directory.
var ErrNotShared = errors.New("is on this host alone")

// CheckShared refuses directories that other hosts cannot see, as far as that can
// be told from here. The error wraps ErrNotShared.
func CheckShared(dir string) error {
	path, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("cluster: look at %s: %w", dir, err)
	}
	if onNetwork(path) {
		return nil // also where temporary files are
	}
	for _, local := range []string{"/tmp", "/var/tmp", "/dev/shm", "/run", os.TempDir()} {
		if path == local || strings.HasPrefix(path, local+"/") {
			return fmt.Errorf("cluster: store %s %w (below %s): name a directory on a file system that all nodes share", dir, ErrNotShared, local)
		}
	}
	if inMemory(path) {
		return fmt.Errorf("cluster: store %s %w (a file system in memory): name a directory on a file system that all nodes share", dir, ErrNotShared)
	}
	return nil
}
