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
)

// StatusOptions are the options of "status".
type StatusOptions struct {
	PlannedOptions
	Watch bool
	Every time.Duration // between two looks
	Slurm cluster.Slurm
}

// NewCmdStatus returns the command that tells how far a stored plan is.
func NewCmdStatus(streams *IOStreams, runF func(context.Context, *StatusOptions) error) *cobra.Command {
	opts := &StatusOptions{PlannedOptions: newPlannedOptions(streams), Slurm: cluster.NewSlurm()}
	cmd := &cobra.Command{
		Use:   "status PLAN",
		Short: "Tell how far a stored plan is: stored, running and where, failed and why, waiting",
		Long: `Tell how far a stored plan is, from its store, on whichever hosts its workers run:
how many models are stored, which are trained now and where, which failed and why, how
many wait, and about how long the workers of now need for the rest. Where the plan was
submitted to Slurm from here, its tasks that run or wait are listed too, and from Slurm's
accounts, if it keeps any, those that ended: finished, failed, out of time or memory.`,
		Args: cobra.ExactArgs(1),
	}
	addPlanned(cmd, &opts.PlannedOptions)
	cmd.Flags().BoolVar(&opts.Watch, "watch", false, "look again and again until nothing is left")
	cmd.Flags().DurationVar(&opts.Every, "every", 30*time.Second, "how often to look, with --watch")
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
	Tasks []cluster.Task `json:"tasks"` // of Slurm, that wait, run or, where it keeps accounts, ended
	// NoAccounts says that the plan was submitted to a Slurm that does not tell what
	// ended.
	NoAccounts bool `json:"no_accounts"`
	// Unanswered says why Slurm did not tell all of its tasks; empty: it did.
	Unanswered string `json:"unanswered"`
}

func runStatus(ctx context.Context, opts *StatusOptions) error {
	if opts.Watch && opts.Every < time.Second {
		return Usagef("--every %s: must be at least 1s", opts.Every)
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

// tasks asks Slurm, where there is one and it has the plan. A scheduler or its
// accounts that do not answer take nothing from what the store says: that they do
// not is told with it.
func (o *StatusOptions) tasks(ctx context.Context, line *statusLine) error {
	submitted, err := cluster.ReadSubmitted(line.Plan)
	if errors.Is(err, cluster.ErrNotSubmitted) {
		return nil
	}
	if err != nil {
		return err
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

// statusText is the status for people.
func statusText(line statusLine) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d stored, %d running, %d waiting, %d failed", plural(line.Cells, "model"),
		line.Stored, len(line.Running), line.Waiting, len(line.Failed))
	if line.Left > 0 {
		fmt.Fprintf(&text, "; about %s left", duration(seconds(line.Left)))
	}
	text.WriteByte('\n')
	for _, r := range line.Running {
		state := "running"
		if r.Dead {
			state = "died, another goes on"
		}
		fmt.Fprintf(&text, "  %s on %s, process %d, last heard of %s ago: %s\n", state, r.Host, r.PID, duration(seconds(r.Silent)), r.Title)
	}
	for _, f := range line.Failed {
		fmt.Fprintf(&text, "  failed on %s: %s: %s\n", strings.Join(f.Hosts, " and "), f.Title, f.Error)
	}
	text.WriteString(tasksText(line))
	return text.String()
}

// tasksText lists Slurm's tasks, but only counts those that ended well.
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
		fmt.Fprintf(&text, "  Slurm's task %s: %s\n", t.ID, what)
	}
	if completed > 0 {
		fmt.Fprintf(&text, "  Slurm's tasks that completed: %d\n", completed)
	}
	if line.Unanswered != "" {
		fmt.Fprintf(&text, "  Slurm does not tell of all tasks: %s\n", line.Unanswered)
	}
	if line.NoAccounts && queued == 0 && line.Waiting > 0 {
		text.WriteString("  Slurm has no task of the plan any more and keeps no accounts of those that ended; see logs in the plan's directory: nodes that do not see it write none\n")
	}
	return text.String()
}
