package cli

import (
	"context"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/runner"
	"backfire/report"
)

// CollectOptions are the options of "collect".
type CollectOptions struct {
	PlannedOptions
	Out string // directory of the tables; empty: tables in the store
}

// NewCmdCollect returns the command that makes the tables of a stored plan.
func NewCmdCollect(streams *IOStreams, runF func(context.Context, *CollectOptions) error) *cobra.Command {
	opts := &CollectOptions{PlannedOptions: newPlannedOptions(streams)}
	cmd := &cobra.Command{
		Use:   "collect PLAN",
		Short: "Make the tables of a stored plan from what its workers have stored",
		Long: `Make the tables of a stored plan from the store alone; nothing is trained. What is
not stored yet is missing in the tables. Exit code 4 says that something is, 3 that
some models failed.`,
		Args: cobra.ExactArgs(1),
	}
	addPlanned(cmd, &opts.PlannedOptions)
	cmd.Flags().StringVar(&opts.Out, "out", "", "directory for the tables; empty: tables in the store")
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
	progress, err := runner.ProgressOf(sweep, plan.store)
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
		sweep: sweep, store: plan.store,
	}
	if err := output.makeDir(); err != nil {
		return err
	}
	if err := output.show(ctx, outcome, false); err != nil {
		return err
	}
	return leftWith(opts.IO, outcome)
}
