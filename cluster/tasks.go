package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNoAccounts reports that Slurm keeps no accounts of ended jobs, or that this host
// does not have its command for them.
var ErrNoAccounts = errors.New("Slurm keeps no accounts of ended jobs")

// Task is one task of a job, or several that wait.
type Task struct {
	ID     string `json:"id"`     // such as 12_3, or 12_[4-9] for several that wait
	State  string `json:"state"`  // in Slurm's words: PENDING, RUNNING, COMPLETED, FAILED, TIMEOUT, OUT_OF_MEMORY, NODE_FAIL, CANCELLED, ...
	Node   string `json:"node"`   // the node on which it runs or ran; empty: none
	Reason string `json:"reason"` // the reason why it waits, or the code with which it ended
	Ended  bool   `json:"ended"`
}

// Queue returns the tasks of the submitted jobs that wait or run.
func (s Slurm) Queue(ctx context.Context, submitted *Submitted) ([]Task, error) {
	var tasks []Task
	for _, selection := range submitted.selections() {
		out, err := s.Run(ctx, "squeue", "--noheader", selection, "--format=%i|%T|%N|%r")
		if err != nil {
			if strings.Contains(err.Error(), "Invalid job id") {
				continue // the queue forgets ended jobs
			}
			return nil, err
		}
		for fields := range rows(out, submitted) {
			tasks = append(tasks, Task{ID: fields[0], State: fields[1], Node: fields[2], Reason: fields[3]})
		}
	}
	return tasks, nil
}

// living are the states of tasks that have not ended. A task in any other state has
// ended.
var living = []string{
	"PENDING", "RUNNING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESIZING", "SUSPENDED", "STOPPED", "SIGNALING",
	"STAGE_OUT", "CONFIGURING", "COMPLETING", "SPECIAL_EXIT",
}

// noLog is the signal with which Slurm ends a task whose log it cannot open on the node.
// The script of the task, which could explain that, never runs.
const (
	noLog       = "53"
	noLogReason = "the node cannot write logs in the plan's directory: the store must be on a file system that all nodes share"
)

// Ended returns the tasks of the submitted jobs that have ended, each with its last end,
// from Slurm's accounts: the queue forgets them within minutes. The error wraps
// [ErrNoAccounts] if Slurm keeps none.
func (s Slurm) Ended(ctx context.Context, submitted *Submitted) ([]Task, error) {
	var tasks []Task
	for _, selection := range submitted.selections() {
		out, err := s.Run(ctx, "sacct", "--noheader", "--allocations", "--parsable2", selection, "--format=JobID,State,NodeList,ExitCode")
		if err != nil {
			if errors.Is(err, ErrNoSlurm) || strings.Contains(err.Error(), "storage is disabled") {
				return nil, fmt.Errorf("cluster: %w", ErrNoAccounts)
			}
			return nil, err
		}
		for fields := range rows(out, submitted) {
			if t, ended := endedTask(fields); ended {
				tasks = append(tasks, t)
			}
		}
	}
	return tasks, nil
}

// endedTask returns the task of a row of sacct, and whether it has ended.
func endedTask(fields []string) (Task, bool) {
	state, _, _ := strings.Cut(fields[1], " ") // "CANCELLED by 1000"
	if slices.Contains(living, state) || !isExitCode(fields[3]) {
		return Task{}, false
	}
	t := Task{ID: fields[0], State: state, Node: fields[2], Ended: true}
	if t.Node == "None assigned" {
		t.Node = ""
	}
	switch code, signal, _ := strings.Cut(fields[3], ":"); {
	case signal == noLog:
		t.Reason = noLogReason
	case signal != "0":
		t.Reason = "signal " + signal
	case code != "0":
		t.Reason = "exit code " + code
	}
	return t, true
}

// rows returns the lines of a command's output about tasks of the submitted jobs, split
// into their four fields: ID, state and two more.
func rows(out string, submitted *Submitted) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(out) {
			fields := strings.SplitN(strings.TrimSpace(line), "|", 4)
			if len(fields) == 4 && submitted.owns(fields[0]) && isState(fields[1]) && !yield(fields) {
				return
			}
		}
	}
}
