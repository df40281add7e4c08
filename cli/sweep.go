package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report"
)

// SweepOptions are the options of "sweep" and "table".
type SweepOptions struct {
	RunOptions
	Sweep  string      // name of a sweep within the program or path of a sweep file
	Kind   report.Kind // the table that is made of it
	Seeds  int         // from the configured seed on; 0: as the sweep says
	Out    string      // directory of the tables; empty: tables in the store
	DryRun bool        // stop before the first training

	Estimate func(context.Context, estimate.Estimator, *plan.Sweep) (*estimate.Estimate, error)
}

// NewCmdSweep returns the command that plays a sweep file.
func NewCmdSweep(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	opts := newSweepOptions(streams)
	opts.Kind = report.Points
	cmd := &cobra.Command{
		Use:   "sweep FILE",
		Short: "Play the points of a sweep file and make their table",
		Long: `Play a sweep: a YAML file that says which configurations to compare, as a list or
a grid of values of any keys, and make its table: one row for each game of each
point, with standard accuracy, ASR, base rate and robustness accuracy over all
seeds. docs/tables.md describes the file and has a complete example.

Everything is checked before the first training. Models that the store has are
not trained again, so an interrupted sweep goes on when the same command is given
again. Exit code 3 says that some models failed while the others were finished.`,
		Example: `  backfire sweep mine.yaml --dry-run
  backfire sweep mine.yaml --preset workstation --seeds 3 --out tables`,
		Args: cobra.ExactArgs(1),
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
	set.Lookup("dataset").Usage += "; all: mnist and cifar10, a table for each"
	set.IntVar(&opts.Seeds, "seeds", 0, "number of seeds, from --seed (1) on; 0: as many as the sweep says")
	set.StringVar(&opts.Out, "out", "", "directory for the tables; empty: tables in the store")
	set.BoolVar(&opts.DryRun, "dry-run", false, "say what would be trained and how long it would take, and stop")
	set.BoolVar(&opts.JSON, "json", false, "write events and tables as lines of JSON to standard output")
	addLiveFlags(cmd, &opts.RunOptions)
	return flags
}

// allDatasets is the value of --dataset that stands for the paper's two.
const allDatasets = "all"

// paperDatasets are the datasets of allDatasets.
var paperDatasets = []string{"mnist", "cifar10"}

// loadSweeps reads the sweep, once for each dataset asked for.
func loadSweeps(opts *SweepOptions) ([]*config.Sweep, error) {
	const key = "data.name"
	if opts.Config.Flags[key] != allDatasets {
		sweep, err := config.LoadSweep(opts.Sweep, opts.Config, opts.Seeds)
		return []*config.Sweep{sweep}, err
	}
	var sweeps []*config.Sweep
	for _, name := range paperDatasets {
		each := opts.Config
		each.Flags = maps.Clone(each.Flags)
		each.Flags[key] = name
		sweep, err := config.LoadSweep(opts.Sweep, each, opts.Seeds)
		if err != nil {
			return nil, err
		}
		sweeps = append(sweeps, sweep)
	}
	return sweeps, nil
}

// sweepPoints puts the points of sweeps in one list, with names that also tell
// datasets and seeds apart.
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
			name := point.Name
			if len(names) > 1 {
				name = point.Config.Data.Name + ", " + name
			}
			if len(seeds) > 1 {
				name += fmt.Sprintf(", seed %d", point.Config.Seed)
			}
			points = append(points, plan.SweepPoint{Name: name, Keys: point.Keys, Config: point.Config, Verify: point.Verify})
		}
	}
	return points
}

// runSweep plays a sweep and makes its tables, one for each dataset.
func runSweep(ctx context.Context, opts *SweepOptions) error {
	sweeps, err := loadSweeps(opts)
	if err != nil {
		return err
	}
	points := sweepPoints(sweeps)
	training, err := newTraining(ctx, &opts.RunOptions, points[0].Config)
	if err != nil {
		return err
	}
	sweep, err := training.planned(ctx, points)
	if err != nil {
		return err
	}
	r, estimator, err := training.runner(ctx, sweep, false)
	if err != nil {
		return err
	}
	estimated, err := opts.Estimate(ctx, estimator, sweep)
	if err != nil {
		return err
	}
	if err := showEstimate(opts, estimated); err != nil || opts.DryRun {
		return err
	}
	output := &sweepOutput{opts: opts, file: sweeps[0], sweep: sweep, store: training.store}
	if err := output.makeDir(); err != nil {
		return err // now rather than after hours
	}
	return training.run(
		r, func() (*runner.Outcome, error) { return r.RunSweep(ctx, sweep) },
		func(outcome *runner.Outcome, interrupted bool) error {
			if err := training.board.rest(sweep); err != nil {
				return err
			}
			return output.show(ctx, outcome, interrupted)
		})
}

// sweepOutput makes and shows what a sweep ends with.
type sweepOutput struct {
	opts  *SweepOptions
	file  *config.Sweep
	sweep *plan.Sweep
	store *store.Store
}

// tableLine is one of the last lines of --json, one for each dataset.
type tableLine struct {
	Event       string          `json:"event"`          // "table"
	Path        string          `json:"path,omitempty"` // the sweep's summary
	Files       []string        `json:"files"`          // the table's
	Interrupted bool            `json:"interrupted"`
	Failed      []store.Failure `json:"failed"` // of the whole sweep
	Table       *report.Table   `json:"table"`
}

// show makes the tables from the store, writes their files and shows them. An
// interrupted sweep has no files and, for people, no tables yet.
func (o *sweepOutput) show(ctx context.Context, outcome *runner.Outcome, interrupted bool) error {
	if interrupted && !o.opts.JSON {
		return nil
	}
	sum, err := summary.SummarizeSweep(o.sweep, o.store)
	if err != nil {
		return err
	}
	sum.Origin = &summary.Request{
		Kind: string(o.opts.Kind), Name: o.file.Name, Title: o.file.Title, Preset: o.file.Preset, Command: o.opts.CommandLine,
	}
	if !interrupted {
		if err := sum.Write(ctx, o.store); err != nil {
			return err
		}
		if len(sum.Missing) == 0 {
			if err := runner.End(o.sweep, o.store); err != nil {
				return err
			}
		}
	}
	again := false
	for _, dataset := range datasetsOf(sum) {
		for _, kind := range []report.Kind{o.opts.Kind, report.Unknown} {
			table, err := o.table(kind, sum, dataset, outcome)
			if kind == report.Unknown && errors.Is(err, report.ErrEmpty) {
				continue // most sweeps have no such defender
			}
			if err != nil {
				return err
			}
			line := tableLine{Event: "table", Path: sum.Path, Files: []string{}, Interrupted: interrupted, Failed: []store.Failure{}, Table: table}
			line.Failed = append(line.Failed, outcome.Failed...)
			if !interrupted {
				if line.Files, err = o.write(table); err != nil {
					return err
				}
			}
			if o.opts.JSON {
				err = json.NewEncoder(o.opts.IO.Out).Encode(line)
			} else {
				err = o.print(table, again)
			}
			if err != nil {
				return fmt.Errorf("show %s: %w", table.Name, err)
			}
			again = true
		}
	}
	if !o.opts.JSON {
		fmt.Fprintf(o.opts.IO.Out, "Results, one directory per model: %s\n", o.store.Dir())
	}
	return nil
}

// table makes the sweep's table, or what else there is to say about a dataset.
func (o *sweepOutput) table(kind report.Kind, summary *summary.SweepSummary, dataset string, outcome *runner.Outcome) (*report.Table, error) {
	name := o.file.Name
	if kind != o.opts.Kind {
		name += "-" + string(kind)
	}
	return report.New(kind, summary, dataset, report.Options{
		Name: name, Title: o.file.Title, Preset: o.file.Preset, Failures: outcome.Failed, Result: o.result,
	})
}

// result reads the result of a cell.
func (o *sweepOutput) result(cell string) (*store.Result, error) {
	record, err := o.store.Read(cell)
	if err != nil {
		return nil, err
	}
	return &record.Result, nil
}

// datasetsOf lists the datasets of a sweep in the order of its points.
func datasetsOf(summary *summary.SweepSummary) []string {
	var names []string
	for _, point := range summary.Points {
		if !slices.Contains(names, point.Data.Name) {
			names = append(names, point.Data.Name)
		}
	}
	return names
}

// print shows a table to people, with an empty line before all but the first.
func (o *sweepOutput) print(table *report.Table, again bool) error {
	if again {
		fmt.Fprintln(o.opts.IO.Out)
	}
	if err := table.Write(o.opts.IO.Out, report.FormatText); err != nil {
		return err
	}
	var extensions []string
	for _, format := range report.Formats() {
		extensions = append(extensions, string(format))
	}
	fmt.Fprintf(o.opts.IO.Out, "\nThis table as files: %s.{%s}\n", o.path(table), strings.Join(extensions, ","))
	return nil
}

// dir is where the tables go.
func (o *sweepOutput) dir() string {
	if o.opts.Out == "" {
		return filepath.Join(o.store.Dir(), "tables")
	}
	return o.opts.Out
}

func (o *sweepOutput) makeDir() error {
	if err := os.MkdirAll(o.dir(), 0o755); err != nil {
		return fmt.Errorf("make the directory for the tables: %w", err)
	}
	return nil
}

// path is that of a table's files, without their extension.
func (o *sweepOutput) path(table *report.Table) string {
	return filepath.Join(o.dir(), fileName(table.Name+"-"+table.Dataset))
}

// fileName replaces what has no place in the name of a file.
func fileName(name string) string {
	return strings.TrimLeft(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_.", r):
			return r
		default:
			return '-'
		}
	}, name), ".")
}

// write writes a table's files and returns their paths.
func (o *sweepOutput) write(table *report.Table) ([]string, error) {
	path := o.path(table)
	var paths []string
	for _, format := range report.Formats() {
		name := path + "." + string(format)
		if err := writeTableFile(name, table, format); err != nil {
			return nil, err
		}
		paths = append(paths, name)
	}
	return paths, nil
}

func writeTableFile(name string, table *report.Table, format report.Format) error {
	file, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	if err := table.Write(file, format); err != nil {
		_ = file.Close() // the table is not whole anyway
		return err
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write a table: %w", err)
	}
	return nil
}
