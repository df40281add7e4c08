package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/cheapest"
	"backfire/config"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/report"
)

// SweepOptions are the options of the commands that make tables: run, quick, sweep and
// table.
type SweepOptions struct {
	RunOptions
	Sweep   string         // name of a sweep within the program or path of a sweep file
	Audit   string         // not empty: play this audit, a name or a path, in place of Sweep
	Game    string         // not empty: play this attackers' game, a name or a path, in place of Sweep
	Players int            // of Game; 0: as many as it says
	Search  *cheapest.Spec // not nil: the search for the cheapest attack, in place of Sweep; see config.LoadCheapest
	Run     string         // not empty: play the configuration itself, in place of Sweep, for a table of this name
	Kind    report.Kind    // the kind of table
	Seeds   int            // number of seeds, from the configured one on; 0: as the sweep says, but not with Run
	Out     string         // directory of the tables; empty: tables in the store
	DryRun  bool           // stop before the first training

	Estimate func(context.Context, estimate.Estimator, *plan.Sweep) (*estimate.Estimate, error)
}

// newCmdSweep returns the command that plays a sweep file.
func newCmdSweep(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	opts := newSweepOptions(streams)
	opts.Kind = report.Points
	cmd := &cobra.Command{
		Use:   "sweep FILE",
		Short: "Play the points of a sweep file and make their table",
		Long: `Play a sweep: a YAML file with the configurations to compare, as a list or a grid
of values of any keys, and make its table: one row for each game of each point,
with standard accuracy, ASR, base rate and robustness accuracy over all seeds.
docs/tables.md describes the file and has a complete example.

Everything is checked before the first training. Models in the store are not
retrained: repeat the command to resume an interrupted sweep. Exit code 3 means
that some models failed while the others were finished, 4 that a result is missing
or damaged otherwise.`,
		Example: `  backfire sweep mine.yaml --dry-run
  backfire sweep mine.yaml --preset workstation --seeds 6 --out tables`,
		Args: arguments("FILE"),
	}
	flags := addSweepFlags(cmd, opts)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Sweep, opts.Config, opts.CommandLine = args[0], flags.Options(streams.Environ), commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runSweep(cmd.Context(), opts)
	}
	return cmd
}

// newSweepOptions returns options for this program on this machine.
func newSweepOptions(streams *IOStreams) *SweepOptions {
	return &SweepOptions{RunOptions: *newRunOptions(streams), Estimate: estimateSweep}
}

// addSweepFlags declares the flags of a command that plays a sweep.
func addSweepFlags(cmd *cobra.Command, opts *SweepOptions) *config.Flags {
	flags := config.AddFlags(cmd.Flags(), "")
	set := cmd.Flags()
	set.Lookup("preset").Usage += "; default: that of the sweep"
	set.Lookup("dataset").Usage += "; " + allDatasetsUsage
	config.IntVar(set, &opts.Seeds, "seeds", 0, "number of seeds, from --seed (1) on; 0: as many as the sweep says")
	addTableFlags(cmd, opts)
	return flags
}

// addTableFlags declares the flags of every command that trains models for a table.
func addTableFlags(cmd *cobra.Command, opts *SweepOptions) {
	set := cmd.Flags()
	pathVar(set, opts.IO, &opts.Out, "out", "", "", "directory for the tables; empty: tables in the store")
	set.BoolVar(&opts.DryRun, "dry-run", false, "print the number of models to train and the time that it takes, and stop")
	set.BoolVar(&opts.JSON, "json", false, "write events and tables as lines of JSON to standard output")
	addLiveFlags(cmd, &opts.RunOptions)
}

// allDatasets is the value of --dataset that stands for the paper's two.
const allDatasets = "all"

// allDatasetsUsage explains allDatasets in the help of --dataset.
const allDatasetsUsage = "all: mnist and cifar10, a table for each"

// paperDatasets are the datasets of allDatasets.
var paperDatasets = []string{"mnist", "cifar10"}

// load resolves the sweep with the options of a configuration.
func (opts *SweepOptions) load(with config.Options) (*config.Sweep, error) {
	if opts.Run != "" {
		return configuredSweep(opts.Run, with, opts.Seeds)
	}
	if opts.Game != "" {
		return gameSweep(opts, with)
	}
	return config.LoadSweep(opts.Sweep, with, opts.Seeds)
}

// loadSweeps resolves the sweep, once for each requested dataset, and tells which settings
// have no effect.
func loadSweeps(opts *SweepOptions) ([]*config.Sweep, error) {
	sweeps, err := resolveSweeps(opts)
	if err == nil {
		tellNotices(opts.IO, sweeps[0].Notices)
		spareMemory(len(sweeps[0].Points))
	}
	return sweeps, err
}

// tellNotices writes a line about each setting without effect.
func tellNotices(streams *IOStreams, notices []string) {
	for _, notice := range notices {
		tell(streams.ErrOut, "%s\n", notice)
	}
}

// Sweeps of many points collect garbage at a smaller growth of the heap, in percent, unless GOGC says
// otherwise: the plan of thousands of games stays below 150 MB, and the machine's memory belongs to the
// trainings.
const (
	manyPoints = 500
	collectAt  = 20
)

// spareMemory sets the growth of the heap for a number of points.
func spareMemory(points int) {
	if points >= manyPoints && os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}

// resolveSweeps resolves the sweep, once for each requested dataset.
func resolveSweeps(opts *SweepOptions) ([]*config.Sweep, error) {
	const key = "data.name"
	if opts.Config.Flags[key] != allDatasets {
		sweep, err := opts.load(opts.Config)
		return []*config.Sweep{sweep}, err
	}
	var sweeps []*config.Sweep
	for _, name := range paperDatasets {
		each := opts.Config
		each.Flags = maps.Clone(each.Flags)
		each.Flags[key] = name
		sweep, err := opts.load(each)
		if err != nil {
			return nil, err
		}
		sweeps = append(sweeps, sweep)
	}
	return sweeps, nil
}

// sweepPoints returns the points of all sweeps, with names that also distinguish datasets,
// seeds and trainings.
func sweepPoints(sweeps []*config.Sweep) []plan.SweepPoint {
	var points []plan.SweepPoint
	seeds, names := map[uint64]bool{}, map[string]bool{}
	for _, sweep := range sweeps {
		for _, point := range sweep.Points {
			seeds[point.Config.Seed], names[point.Config.Data.Name] = true, true
		}
	}
	for _, sweep := range sweeps {
		for _, point := range sweep.Points {
			var parts []string
			if len(names) > 1 {
				parts = append(parts, point.Config.Data.Name)
			}
			if point.Name != "" {
				parts = append(parts, point.Name)
			}
			if len(seeds) > 1 {
				parts = append(parts, fmt.Sprintf("seed %d", point.Config.Seed))
			}
			if point.Training > 0 {
				parts = append(parts, fmt.Sprintf("training %d", point.Training))
			}
			points = append(points, plan.SweepPoint{
				Name: strings.Join(parts, ", "), Keys: point.Keys, Config: point.Config, Verify: point.Verify, Training: point.Training,
			})
		}
	}
	return points
}

// runSweep plays a sweep and makes its tables, one for each dataset.
func runSweep(ctx context.Context, opts *SweepOptions) error {
	begun := time.Now()
	sweeps, err := loadSweeps(opts)
	if err != nil {
		return err
	}
	points := sweepPoints(sweeps)
	training, err := newTraining(ctx, &opts.RunOptions, points[0].Config)
	if err != nil {
		return err
	}
	sweep, err := training.planned(ctx, points, sweeps[0].Primary)
	if err != nil {
		return err
	}
	if sweep.Game = sweeps[0].Game; sweep.Game != nil {
		if err := withinBudget(sweep); err != nil {
			return err
		}
	}
	r, _, err := training.estimated(ctx, opts, sweep)
	if err != nil || opts.DryRun {
		return err
	}
	output := &sweepOutput{opts: opts, file: sweeps[0], sweep: sweep, store: training.store, begun: begun}
	if err := output.makeDir(); err != nil {
		return err // now rather than after hours
	}
	return training.play(ctx, r, sweep, training.noting(ctx, opts, sweeps[0], sweep), func(outcome *runner.Outcome, interrupted bool) ([]plan.Missing, error) {
		return output.show(ctx, outcome, interrupted)
	})
}
