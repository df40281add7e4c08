package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/cluster"
	"backfire/experiments/runner"
	"backfire/internal/words"
)

// StatusOptions are the options of "status".
type StatusOptions struct {
	PlannedOptions
	Watch bool
	Every time.Duration // interval of Watch
	Slurm cluster.Slurm
}

// newCmdStatus returns the command that shows the progress of a stored plan.
func newCmdStatus(streams *IOStreams, runF func(context.Context, *StatusOptions) error) *cobra.Command {
	opts := &StatusOptions{PlannedOptions: newPlannedOptions(streams), Slurm: cluster.NewSlurm()}
	cmd := &cobra.Command{
		Use:   "status PLAN",
		Short: "Show the progress of a stored plan: stored, running, waiting, failed",
		Long: `Show the progress of a stored plan, from its store, wherever its workers run: the number
of stored models, those in training with their host, those that failed or are damaged
with the reason, the number that wait, and about how long the present workers need for
the rest. If the plan was submitted to Slurm from here, its running and waiting tasks are
listed, too, and from Slurm's accounts, if it keeps any, the ended ones: finished, failed,
out of time or out of memory. PLAN is the directory that "backfire plan" printed, or the hash of a
plan or its beginning.`,
		Example: `  backfire status "$plan"
  backfire status 1f3a --store /shared/runs --watch --every 1m`,
		Args: arguments("PLAN"),
	}
	addPlanned(cmd, &opts.PlannedOptions)
	cmd.Flags().BoolVar(&opts.Watch, "watch", false, "repeat until no model is left")
	cmd.Flags().DurationVar(&opts.Every, "every", 30*time.Second, "interval of --watch")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Plan = args[0]
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runStatus(cmd.Context(), opts)
	}
	return cmd
}

// statusLine is a line of --json.
type statusLine struct {
	Event string `json:"event"` // "status"
	Plan  string `json:"plan"`  // its directory
	*runner.Progress
	Tasks []cluster.Task `json:"tasks"` // of Slurm: waiting, running and, where it keeps accounts, ended
	// NoAccounts reports whether the plan was submitted to a Slurm that keeps no
	// accounts of ended tasks.
	NoAccounts bool `json:"no_accounts"`
	// Unanswered is the reason why Slurm did not list all of its tasks; empty: it did.
	Unanswered string `json:"unanswered"`
}

func runStatus(ctx context.Context, opts *StatusOptions) error {
	if opts.Watch && opts.Every < time.Second {
		return Usagef("status: --every %s: must be at least 1s", opts.Every)
	}
	plan, err := opts.open()
	if err != nil {
		return err
	}
	sweep, err := plan.stored.NewSweep(ctx, opts.Load)
	if err != nil {
		return planError(err)
	}
	for {
		line := statusLine{Event: "status", Tasks: []cluster.Task{}}
		if line.Plan, err = plan.dir(); err != nil {
			return err
		}
		if line.Progress, err = runner.ProgressOf(sweep, plan.store); err != nil {
			return err
		}
		if err := opts.tasks(ctx, &line); err != nil {
			return err
		}
		if opts.JSON {
			err = writeLine(opts.IO.Out, line)
		} else {
			err = write(opts.IO.Out, statusText(line))
		}
		if err != nil || !opts.Watch || line.Waiting == 0 && len(line.Running) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(opts.Every):
		}
	}
}

// tasks adds the tasks that Slurm has of the plan, if there is a Slurm. Where Slurm or
// its accounts do not answer, line notes that, and the progress is shown all the same.
func (o *StatusOptions) tasks(ctx context.Context, line *statusLine) error {
	submitted, err := cluster.ReadSubmitted(line.Plan)
	if errors.Is(err, cluster.ErrNotSubmitted) {
		return nil
	}
	if err != nil {
		line.Unanswered = err.Error()
		return nil
	}
	if !submitted.Complete() {
		line.Unanswered = fmt.Sprintf("the submission ended before it was complete: cancel job %s (\"backfire cancel\"), and submit the plan once more", submitted)
	}
	queue, err := o.Slurm.Queue(ctx, submitted)
	if errors.Is(err, cluster.ErrNoSlurm) {
		return nil
	}
	if err != nil {
		line.Unanswered = err.Error()
		return ctx.Err()
	}
	ended, err := o.Slurm.Ended(ctx, submitted)
	line.NoAccounts = errors.Is(err, cluster.ErrNoAccounts)
	if err != nil && !line.NoAccounts {
		line.Unanswered = err.Error()
	}
	line.Tasks = slices.Concat(line.Tasks, queue, ended)
	return ctx.Err()
}

// statusText returns the status for people.
func statusText(line statusLine) string {
	var text strings.Builder
	tell(&text, "%s: %d stored, %d running, %d waiting, %d failed", words.Plural(line.Cells, "model"),
		line.Stored, len(line.Running), line.Waiting, len(line.Failed))
	if line.Left > 0 {
		tell(&text, "; about %s left", words.Duration(words.Seconds(line.Left)))
	}
	text.WriteByte('\n')
	for _, r := range line.Running {
		state := "running"
		if r.Dead {
			state = "died, another resumes"
		}
		tell(&text, "  %s on %s, process %d, last heard of %s ago: %s\n", state, r.Host, r.PID, words.Duration(words.Seconds(r.Silent)), r.Title)
	}
	for _, d := range line.Damaged {
		tell(&text, "  damaged, a worker sets it aside and trains it anew: %s: %s\n", d.Title, d.Error)
	}
	for _, f := range line.Failed {
		tell(&text, "  failed on %s: %s: %s\n", strings.Join(f.Hosts, " and "), f.Title, f.Error)
	}
	for _, damaged := range line.DamagedNotes {
		tell(&text, "  damaged note, its model is tried once more: %s\n", damaged)
	}
	text.WriteString(tasksText(line))
	return text.String()
}

// tasksText lists Slurm's tasks, and only counts those that completed.
func tasksText(line statusLine) string {
	var text strings.Builder
	completed, queued := 0, 0
	for _, t := range line.Tasks {
		if t.Ended && t.State == "COMPLETED" {
			completed++
			continue
		}
		what := t.State
		if t.Node != "" {
			what += " on " + t.Node
		}
		switch {
		case !t.Ended:
			queued++
			if t.Node == "" {
				what += " " + t.Reason
			}
		case t.Reason != "":
			what += ", " + t.Reason
		}
		tell(&text, "  Slurm's task %s: %s\n", t.ID, what)
	}
	if completed > 0 {
		tell(&text, "  Slurm's tasks that completed: %d\n", completed)
	}
	if line.Unanswered != "" {
		tell(&text, "  Slurm does not list all tasks: %s\n", line.Unanswered)
	}
	if line.NoAccounts && queued == 0 && line.Waiting > 0 {
		text.WriteString("  Slurm has no task of the plan left and keeps no accounts of ended tasks; see the logs in the plan's directory, where nodes that do not see it write none\n")
	}
	return text.String()
}
