package cli

import (
	"context"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/runner"
	"backfire/experiments/worker"
	"backfire/report"
)

// CollectOptions are the options of "collect".
type CollectOptions struct {
	PlannedOptions
	Out string // directory of the tables; empty: tables in the store
}

// newCmdCollect returns the command that makes the tables of a stored plan.
func newCmdCollect(streams *IOStreams, runF func(context.Context, *CollectOptions) error) *cobra.Command {
	opts := &CollectOptions{PlannedOptions: newPlannedOptions(streams)}
	cmd := &cobra.Command{
		Use:   "collect PLAN",
		Short: "Make the tables of a stored plan from the models that are stored",
		Long: `Make the tables of a stored plan from its store, without training. Models that are not
stored yet are missing in the tables; the exit code is then 4, or 3 if the only missing
models are failed ones. A damaged result is named and set aside, and counts as missing: a
worker trains it anew. PLAN is the directory that "backfire plan" printed, or the hash
of a plan or its beginning.`,
		Example: `  backfire collect "$plan"
  backfire collect 1f3a --store /shared/runs --out tables`,
		Args: arguments("PLAN"),
	}
	addPlanned(cmd, &opts.PlannedOptions)
	pathVar(cmd.Flags(), streams, &opts.Out, "out", "", "", "directory for the tables; empty: tables in the store")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Plan = args[0]
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runCollect(cmd.Context(), opts)
	}
	return cmd
}

func runCollect(ctx context.Context, opts *CollectOptions) error {
	plan, err := opts.open()
	if err != nil {
		return err
	}
	sweep, err := plan.stored.NewSweep(ctx, opts.Load)
	if err != nil {
		return planError(err)
	}
	if err := runner.Complete(sweep, plan.store); err != nil {
		return err
	}
	progress, err := runner.WholeProgressOf(sweep, plan.store)
	if err != nil {
		return err
	}
	_, err = runner.SetAside(plan.store, progress.Missing, func(e worker.Event) {
		tell(opts.IO.ErrOut, "damaged, to be trained anew by a worker: %s: %s; set aside in %s\n", e.Title, e.Error, e.Path)
	})
	if err != nil {
		return err
	}
	outcome := &runner.Outcome{Cells: progress.Cells, Stored: progress.Stored, Left: progress.Waiting + len(progress.Running)}
	for _, failed := range progress.Failed {
		outcome.Failed = append(outcome.Failed, failed.Failure)
	}
	output := &sweepOutput{
		opts:  &SweepOptions{RunOptions: RunOptions{IO: opts.IO, JSON: opts.JSON}, Kind: report.Kind(plan.stored.Table), Out: opts.Out},
		file:  &config.Sweep{Name: plan.stored.Name, Title: plan.stored.Title, Preset: plan.stored.Preset},
		sweep: sweep, store: plan.store, begun: plan.stored.Made,
	}
	if err := output.makeDir(); err != nil {
		return err
	}
	if outcome.Missing, err = output.show(ctx, outcome, false); err != nil {
		return err
	}
	return leftWith(opts.IO, "collect", outcome)
}
