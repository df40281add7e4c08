// Package cluster submits a stored plan to a batch scheduler, Slurm. It writes the
// scripts of an array of workers and of a job that makes the tables after them, submits
// both, and queries their states. It does not depend on the contents of the plan.
//
// It promises that a submission is complete or cancelled, and that the jobs of a plan
// are recorded beside it.
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
	"unicode"
)

// ErrJob reports that a job cannot be submitted with its settings.
var ErrJob = errors.New("cannot be submitted")

// The files of a job, in the plan's directory.
const (
	ArrayScript  = "array.sbatch"   // each of its tasks is one worker
	TablesScript = "tables.sbatch"  // runs when the array has ended
	RecordFile   = "submitted.json" // the numbers of the submitted jobs
	LogsDir      = "logs"           // the output of the tasks
)

// leaveBefore is the time before the end of a task at which it is told to stop, and
// grace is the part of it that the task may use to reach a checkpoint.
const (
	leaveBefore = 2 * time.Minute
	grace       = 90 * time.Second
)

// Job is an array of workers on one plan.
type Job struct {
	Program string   // this program, absolute
	Plan    string   // the plan's directory, absolute
	Dir     string   // working directory, absolute
	Environ []string // NAME=value, which the workers need in addition to the scheduler's variables

	Tasks      int           // of the array
	MaxRunning int           // largest number of tasks that run at a time; 0: any number
	Cells      int           // largest number of models per task and start; 0: any number
	Time       time.Duration // limit of a task; 0: the partition's default
	GPUs       int           // per task
	CPUs       int           // per task
	Partition  string        // empty: the default
	Account    string        // empty: the default
	Constraint string        // empty: none

	// Token makes the name of the jobs that of one submission. [Slurm.Submit] draws one.
	Token string
}

//go:embed array.sbatch.tmpl tables.sbatch.tmpl
var templates embed.FS

// check returns an error for settings that the scheduler would refuse or misread.
func (j Job) check() error {
	for _, path := range []string{j.Program, j.Plan, j.Dir} {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%w: path %q is not absolute", ErrJob, path)
		}
		if strings.ContainsAny(path, "\"'%\\") || strings.ContainsFunc(path, unicode.IsControl) {
			return fmt.Errorf("%w: path %q has a control character, quote, percent sign or backslash, which a batch script cannot have", ErrJob, path)
		}
	}
	for _, word := range []string{j.Partition, j.Account, j.Constraint} {
		if strings.ContainsAny(word, " \"'") || strings.ContainsFunc(word, unicode.IsControl) {
			return fmt.Errorf("%w: %q has a space, control character or quote", ErrJob, word)
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

// Scripts returns the scripts of a job by file name. The error wraps [ErrJob].
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

// Name returns the name of the array's job: backfire-, the first 8 bytes of the plan's
// name, and the token if there is one.
func (j Job) Name() string {
	name := filepath.Base(j.Plan)
	name = "backfire-" + name[:min(len(name), 8)]
	if j.Token != "" {
		name += "-" + j.Token
	}
	return name
}

// Logs returns the directory of the tasks' output.
func (j Job) Logs() string { return filepath.Join(j.Plan, LogsDir) }

// Store returns the directory of the store that has the plan.
func (j Job) Store() string { return filepath.Dir(filepath.Dir(j.Plan)) }

// LastTask returns the number of the last task. The first one is 0.
func (j Job) LastTask() int { return j.Tasks - 1 }

// LeaveBefore returns the time in seconds before its end at which a task is told to stop.
func (j Job) LeaveBefore() int { return int(leaveBefore.Seconds()) }

// Grace returns the time in seconds that a task may use to reach a checkpoint.
func (j Job) Grace() int { return int(grace.Seconds()) }

// quote returns text as one word of a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// minutes returns a duration in minutes, the scheduler's unit, rounded up.
func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

// ErrNotShared reports a directory that other hosts cannot see.
var ErrNotShared = errors.New("is on this host alone")

// CheckShared returns an error for a directory that other hosts cannot see, as far as
// this host can determine that. The error wraps [ErrNotShared].
func CheckShared(dir string) error {
	path, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("cluster: look at %s: %w", dir, err)
	}
	if onNetwork(path) {
		return nil // even among the directories of temporary files
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
