package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"backfire/cluster"
	"backfire/config"
	"backfire/experiments/plan"
	"backfire/internal/words"
)

// submitOptions are the options of "submit slurm".
type submitOptions struct {
	SweepOptions
	Args  []string // PLAN, or "table NAME", "sweep FILE" or "audit FILE"
	Job   cluster.Job
	Local bool // all tasks run on this host, so the store need not be shared
	Slurm cluster.Slurm
}

// newCmdSubmit returns the group of commands that submit plans to schedulers.
func newCmdSubmit(streams *IOStreams) *cobra.Command {
	group := newGroup("submit", "Submit a table, sweep or audit to the batch scheduler of a cluster", newCmdSubmitSlurm(streams, nil))
	group.Long = `Submit a table, a sweep, an audit or a stored plan to a batch scheduler. Slurm is supported;
docs/scaling.md describes other ways to use several hosts.`
	group.Example = `  backfire submit slurm table 1 --store /shared/runs --dry-run`
	return group
}

// newCmdSubmitSlurm returns the command that submits a plan to Slurm.
func newCmdSubmitSlurm(streams *IOStreams, runF func(context.Context, *submitOptions) error) *cobra.Command {
	opts := &submitOptions{SweepOptions: *newSweepOptions(streams), Slurm: cluster.NewSlurm()}
	cmd := &cobra.Command{
		Use:   "slurm (table NAME | sweep FILE | audit FILE | PLAN)",
		Short: "Submit a table, sweep, audit or stored plan to Slurm as one job array",
		Long: `Store the plan of a table, sweep or audit, write the scripts of its jobs beside it, and submit
them: an array whose tasks train models until none is left, and a job that makes the
tables when the array has ended. The command prints the number of the array's job.

A task that comes near its time limit stops at a checkpoint and requeues itself. A task
that dies loses its work since the last checkpoint, from which another task resumes. The
store and this program must be on a file system that all nodes share. "backfire status
PLAN" shows the progress, and "backfire cancel PLAN" ends the jobs; a plan that is
resubmitted resumes from the stored models.`,
		Example: `  backfire submit slurm table 1 --preset paper --dataset all --gpus 1 --time 4h --array-size 16
  backfire submit slurm sweep mine.yaml --store /shared/runs --partition short --dry-run`,
		Args: arguments("PLAN, table, sweep or audit", "[NAME or FILE]"),
	}
	sweep := &cobra.Command{}
	flags := addSweepFlags(sweep, &opts.SweepOptions)
	copyFlags(cmd, sweep, "out", "watch", "tensorboard") // of training and showing
	set, job := cmd.Flags(), &opts.Job
	set.Lookup("dry-run").Usage = "print the scripts and the commands that would submit them, and stop"
	set.Lookup("json").Usage = "write the submitted jobs as a line of JSON"
	config.IntVar(set, &job.Tasks, "array-size", 0, "tasks of the array; 0: as many as --cells-per-task requires, or one per model up to 32")
	config.IntVar(set, &job.Cells, "cells-per-task", 0, "models that a task trains before it requeues itself; 0: as many as its time allows")
	config.IntVar(set, &job.MaxRunning, "max-running", 0, "the most tasks that run at the same time; 0: any number")
	config.IntVar(set, &job.GPUs, "gpus", 0, "GPUs per task, which trains on all of them; it fails on a node where it finds fewer")
	config.IntVar(set, &job.CPUs, "cpus", 0, "CPUs per task; 0: Slurm's default")
	set.DurationVar(&job.Time, "time", 0, "time limit of a task, such as 4h; 0: the partition's")
	set.StringVar(&job.Partition, "partition", "", "Slurm's partition; empty: the default")
	set.StringVar(&job.Account, "account", "", "Slurm's account; empty: the default")
	set.StringVar(&job.Constraint, "constraint", "", "features that nodes must have, as Slurm's --constraint")
	set.BoolVar(&opts.Local, "one-host", false, "all tasks run on this host, so the store need not be shared")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Args, opts.Config = args, flags.Options(streams.Environ)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runSubmitSlurm(cmd.Context(), opts)
	}
	return cmd
}

func runSubmitSlurm(ctx context.Context, opts *submitOptions) error {
	if !opts.DryRun {
		if err := opts.Slurm.Available(ctx); err != nil {
			return err
		}
	}
	plan, sweep, err := opts.plan(ctx)
	if err != nil {
		return err
	}
	if !opts.Local {
		if err := cluster.CheckShared(plan.store.Dir()); err != nil {
			return fmt.Errorf("%w, or give --one-host if all tasks run on this host", err)
		}
	}
	job, err := opts.job(plan, sweep)
	if err != nil {
		return err
	}
	if opts.DryRun {
		return showJob(opts, job)
	}
	if err := opts.Slurm.Idle(ctx, job.Plan); err != nil {
		return err
	}
	if len(opts.Args) == 2 {
		plan.stored.GPU = plansForGPU(ctx, &opts.SweepOptions, plan)
	}
	if _, err := plan.stored.Write(ctx, plan.store); err != nil {
		return err
	}
	submitted, err := opts.Slurm.Submit(ctx, *job)
	if err != nil {
		return err
	}
	tell(opts.IO.ErrOut, "%s as %s, then the tables as job %s\nThe plan: %s\n",
		words.Plural(len(sweep.Cells), "model"), words.Plural(submitted.Tasks, "task"), submitted.Tables, job.Plan)
	if opts.JSON {
		return writeLine(opts.IO.Out, struct {
			Event string `json:"event"` // "submitted"
			Plan  string `json:"plan"`
			*cluster.Submitted
		}{"submitted", job.Plan, submitted})
	}
	return write(opts.IO.Out, submitted.Array+"\n")
}

// plan returns the stored plan, or plans the table, sweep or audit.
func (o *submitOptions) plan(ctx context.Context) (*planned, *plan.Sweep, error) {
	if len(o.Args) == 2 {
		if err := namedSweep(o.Args, &o.SweepOptions); err != nil {
			return nil, nil, err
		}
		return makePlan(ctx, &o.SweepOptions)
	}
	if slices.Contains([]string{"table", "sweep", "audit"}, o.Args[0]) {
		return nil, nil, namedSweep(o.Args, &o.SweepOptions)
	}
	store := o.Config.Flags["store"]
	others := len(o.Config.Flags)
	if store != "" {
		others--
	}
	if others > 0 || o.Config.Preset != "" || o.Config.File != "" || len(o.Config.Sets) > 0 || o.Seeds != 0 {
		return nil, nil, Usagef("submit slurm: %s is a stored plan, whose settings are fixed: give no settings but --store, or plan the table anew", o.Args[0])
	}
	if store == "" {
		store = "runs"
	}
	store, err := config.ExpandPath(store, o.IO.Environ)
	if err != nil {
		return nil, nil, err
	}
	existing := PlannedOptions{IO: o.IO, Plan: o.Args[0], Store: store, Load: o.Load}
	plan, err := existing.open()
	if err != nil {
		return nil, nil, err
	}
	sweep, err := plan.stored.NewSweep(ctx, o.Load)
	return plan, sweep, err
}

// defaultTasks is the largest array where --array-size is not given.
const defaultTasks = 32

// job returns the job with the values that were not given on the command line.
func (o *submitOptions) job(plan *planned, sweep *plan.Sweep) (*cluster.Job, error) {
	job := o.Job
	if err := checkGPUs(job.GPUs, plan.stored.Points[0].Config.Device); err != nil {
		return nil, err
	}
	if job.Tasks == 0 {
		job.Tasks = min(len(sweep.Cells), defaultTasks)
		if job.Cells > 0 {
			job.Tasks = (len(sweep.Cells) + job.Cells - 1) / job.Cells
		}
	}
	var err error
	if job.Plan, err = plan.dir(); err != nil {
		return nil, err
	}
	if job.Dir, err = os.Getwd(); err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	if job.Program, err = os.Executable(); err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	if job.Program, err = filepath.EvalSymlinks(job.Program); err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	job.Environ = environOf(o.IO.Environ)
	return &job, nil
}

// environOf returns the variables by which the program finds its parts and data.
func environOf(environ []string) []string {
	var picked []string
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, "BACKFIRE_"), strings.HasPrefix(name, "LIBTORCH"), name == "LD_LIBRARY_PATH", name == "XDG_CACHE_HOME":
			picked = append(picked, entry)
		}
	}
	return picked
}

// showJob prints the scripts of a job instead of submitting it.
func showJob(opts *submitOptions, job *cluster.Job) error {
	scripts, err := job.Scripts()
	if err != nil {
		return err
	}
	array, tables := filepath.Join(job.Plan, cluster.ArrayScript), filepath.Join(job.Plan, cluster.TablesScript)
	return write(opts.IO.Out, fmt.Sprintf("# %s\n%s\n# %s\n%s\n# would be submitted by\nsbatch %s\nsbatch --dependency=afterany:JOB %s\n",
		array, scripts[cluster.ArrayScript], tables, scripts[cluster.TablesScript], array, tables))
}

// writeLine writes a value as one line of JSON.
func writeLine(out interface{ Write([]byte) (int, error) }, value any) error {
	if err := json.NewEncoder(out).Encode(value); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}

// CancelOptions are the options of "cancel".
type CancelOptions struct {
	PlannedOptions
	Slurm cluster.Slurm
}

// newCmdCancel returns the command that ends the jobs of a plan.
func newCmdCancel(streams *IOStreams, runF func(context.Context, *CancelOptions) error) *cobra.Command {
	opts := &CancelOptions{PlannedOptions: newPlannedOptions(streams), Slurm: cluster.NewSlurm()}
	cmd := &cobra.Command{
		Use:   "cancel PLAN",
		Short: "End the jobs that were submitted for a plan",
		Long: `End the jobs that were submitted to Slurm for a plan. Stored models and checkpoints are
kept, so a resubmitted plan resumes from there. PLAN is the directory that "backfire
plan" printed, or the hash of a plan or its beginning.`,
		Example: `  backfire cancel "$plan"
  backfire cancel 1f3a --store /shared/runs`,
		Args: arguments("PLAN"),
	}
	addPlanned(cmd, &opts.PlannedOptions)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Plan = args[0]
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runCancel(cmd.Context(), opts)
	}
	return cmd
}

func runCancel(ctx context.Context, opts *CancelOptions) error {
	plan, err := opts.open()
	if err != nil {
		return err
	}
	submitted, err := cluster.ReadSubmitted(plan.store.PlanDir(plan.stored.Sweep))
	if err != nil {
		return err
	}
	if err := opts.Slurm.Cancel(ctx, submitted); err != nil {
		return err
	}
	if opts.JSON {
		return writeLine(opts.IO.Out, struct {
			Event string `json:"event"` // "cancelled"
			*cluster.Submitted
		}{"cancelled", submitted})
	}
	if !submitted.Complete() {
		return write(opts.IO.Out, shownf("the jobs of the submission %s, which was not complete, are cancelled; stored models are kept\n", submitted))
	}
	return write(opts.IO.Out, shownf("jobs %s and %s are cancelled; stored models are kept\n", submitted.Array, submitted.Tables))
}
