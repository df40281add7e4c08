package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoAccounts says that Slurm keeps no accounts of jobs that ended, or that its
// command for them is not there.
var ErrNoAccounts = errors.New("Slurm keeps no accounts of ended jobs")

// Task is a part of a job.
type Task struct {
	ID     string `json:"id"`     // such as 12_3, or 12_[4-9] for several that wait
	State  string `json:"state"`  // Slurm's: PENDING, RUNNING, COMPLETED, FAILED, TIMEOUT, OUT_OF_MEMORY, NODE_FAIL, CANCELLED, ...
	Node   string `json:"node"`   // where it runs or ran; empty: nowhere
	Reason string `json:"reason"` // why it waits, or with which code it ended
	Ended  bool   `json:"ended"`
}

// jobs are the numbers of what was submitted, as Slurm's commands take them.
func (s *Submitted) jobs() string {
	if s.Tables == "" {
		return s.Array
	}
	return s.Array + "," + s.Tables
}

// Queue asks for the tasks of what was submitted that wait or run.
func (s Slurm) Queue(ctx context.Context, submitted *Submitted) ([]Task, error) {
	out, err := s.Run(ctx, "squeue", "--noheader", "--jobs="+submitted.jobs(), "--format=%i|%T|%N|%r")
	if err != nil {
		if strings.Contains(err.Error(), "Invalid job id") {
			return nil, nil // it ended long ago
		}
		return nil, err
	}
	var tasks []Task
	for fields := range rows(out) {
		tasks = append(tasks, Task{ID: fields[0], State: fields[1], Node: fields[2], Reason: fields[3]})
	}
	return tasks, nil
}

// living are the states of tasks that have not ended; all others end one.
var living = []string{
	"PENDING", "RUNNING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESIZING", "SUSPENDED", "STOPPED", "SIGNALING",
	"STAGE_OUT", "CONFIGURING", "COMPLETING", "SPECIAL_EXIT",
}

// Slurm ends a task in this way whose log it cannot open on the node: the script,
// which would say so, never runs.
const (
	noLog       = "53"
	noLogReason = "the node cannot write logs in the plan's directory: the store must be on a file system that all nodes share"
)

// Ended asks Slurm's accounts for the tasks of what was submitted that ended,
// each as it ended last: the queue forgets them within minutes. The error wraps
// ErrNoAccounts where there are none.
func (s Slurm) Ended(ctx context.Context, submitted *Submitted) ([]Task, error) {
	out, err := s.Run(ctx, "sacct", "--noheader", "--allocations", "--parsable2", "--jobs="+submitted.jobs(), "--format=JobID,State,NodeList,ExitCode")
	if err != nil {
		if errors.Is(err, ErrNoSlurm) || strings.Contains(err.Error(), "storage is disabled") {
			return nil, fmt.Errorf("cluster: %w", ErrNoAccounts)
		}
		return nil, err
	}
	var tasks []Task
	for fields := range rows(out) {
		state, _, _ := strings.Cut(fields[1], " ") // "CANCELLED by 1000"
		if slices.Contains(living, state) {
			continue
		}
		t := Task{ID: fields[0], State: state, Node: fields[2], Ended: true}
		if t.Node == "None assigned" {
			t.Node = ""
		}
		switch code, signal, _ := strings.Cut(fields[3], ":"); {
		case signal == noLog:
			t.Reason = noLogReason
		case signal != "0" && signal != "":
			t.Reason = "signal " + signal
		case code != "0" && code != "":
			t.Reason = "exit code " + code
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// rows are the lines of a command's output with their four fields; others are
// passed over.
func rows(out string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(out) {
			fields := strings.SplitN(strings.TrimSpace(line), "|", 4)
			if len(fields) == 4 && !yield(fields) {
				return
			}
		}
	}
}
