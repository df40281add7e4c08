package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
)

// newCmdPaper returns the command that makes all tables of the paper from one sweep.
func newCmdPaper(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	opts := newSweepOptions(streams)
	cmd := &cobra.Command{
		Use:   "paper",
		Short: "Make all three tables of the paper from one sweep",
		Long: `Make the paper's three tables from one sweep. The models of all tables are planned
together, so that the estimate and the bars count all of them, and no processor or
GPU waits for the last models of one table before the next begins. Then each table is
printed and written as "backfire table" does it.

The preset quick, which is the default, plays on the images inside the program in
minutes; the paper's own scale is --preset paper --dataset all.

Models in the store are not retrained: repeat the command to resume it. Exit code 3
means that some models failed while the others were finished, 4 that a result is
missing or damaged otherwise.`,
		Example: `  backfire paper --dry-run
  backfire paper --dataset all --preset paper --device all`,
		Args: arguments(),
	}
	flags := addSweepFlags(cmd, opts)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config, opts.CommandLine = flags.Options(streams.Environ), commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runPaper(cmd.Context(), opts)
	}
	return cmd
}

// paperTable is one of the paper's tables, with its part of the common sweep.
type paperTable struct {
	name   string
	opts   SweepOptions // those of "table"
	sweeps []*config.Sweep
	points []plan.SweepPoint
}

// runPaper plays the sweeps of all tables as one, and makes each table from its results.
func runPaper(ctx context.Context, opts *SweepOptions) error {
	begun := time.Now()
	tables, err := loadPaper(opts)
	if err != nil {
		return err
	}
	training, err := newTraining(ctx, &opts.RunOptions, tables[0].points[0].Config)
	if err != nil {
		return err
	}
	sweep, err := planPaper(ctx, tables, training)
	if err != nil {
		return err
	}
	r, _, err := training.estimated(ctx, opts, sweep)
	if err != nil || opts.DryRun {
		return err
	}
	if err := (&sweepOutput{opts: opts, store: training.store}).makeDir(); err != nil {
		return err // now rather than after days
	}
	return training.play(ctx, r, sweep, training.noting(ctx, opts, paperFile(tables), sweep), func(outcome *runner.Outcome, interrupted bool) ([]plan.Missing, error) {
		missing, err := showPaper(ctx, tables, training, outcome, interrupted, begun)
		if err == nil && !interrupted && len(missing) == 0 {
			err = runner.End(sweep, training.store)
		}
		return missing, err
	})
}

// paperFile describes the common sweep for the note of the run.
func paperFile(tables []*paperTable) *config.Sweep {
	return &config.Sweep{Name: "paper", Title: "the models of the paper's three tables", Preset: tables[0].sweeps[0].Preset}
}

// loadPaper resolves the sweep of each table.
func loadPaper(opts *SweepOptions) ([]*paperTable, error) {
	var tables []*paperTable
	for _, known := range knownTables {
		if !known.paper {
			continue
		}
		table := &paperTable{name: known.name, opts: *opts}
		table.opts.Kind, table.opts.Sweep = known.kind, known.sweep
		var err error
		if table.sweeps, err = resolveSweeps(&table.opts); err != nil {
			return nil, fmt.Errorf("table %s: %w", known.name, err)
		}
		table.points = sweepPoints(table.sweeps)
		tables = append(tables, table)
	}
	tellNotices(opts.IO, tables[0].sweeps[0].Notices)
	return tables, nil
}

// planPaper plans the points of all tables as one sweep. It decides their precision once, also for the
// tables' own plans.
func planPaper(ctx context.Context, tables []*paperTable, training *training) (*plan.Sweep, error) {
	load := plan.Remembering(training.opts.Load)
	var all []plan.SweepPoint
	for _, table := range tables {
		var err error
		if table.points, err = training.decided(ctx, table.points, load); err != nil {
			return nil, err
		}
		for _, point := range plan.WithSeats(table.points) {
			point.Name = strings.TrimSuffix("table "+table.name+", "+point.Name, ", ")
			all = append(all, point)
		}
	}
	return training.planned(ctx, all, nil)
}

// showPaper makes each table from the stored results and shows it. It returns the models of all
// tables that have no whole result, each once.
func showPaper(ctx context.Context, tables []*paperTable, training *training, outcome *runner.Outcome, interrupted bool, begun time.Time) ([]plan.Missing, error) {
	if interrupted && !training.opts.JSON {
		return outcome.Missing, nil
	}
	var missing []plan.Missing
	for i, table := range tables {
		sweep, err := training.planned(ctx, table.points, table.sweeps[0].Primary)
		if err != nil {
			return nil, err
		}
		if i > 0 && !table.opts.JSON {
			tell(table.opts.IO.Out, "\n")
		}
		output := &sweepOutput{opts: &table.opts, file: table.sweeps[0], sweep: sweep, store: training.store, begun: begun}
		lacking, err := output.show(ctx, outcome, interrupted)
		if err != nil {
			return nil, err
		}
		for _, each := range lacking {
			if !slices.Contains(missing, each) {
				missing = append(missing, each)
			}
		}
	}
	return missing, nil
}
