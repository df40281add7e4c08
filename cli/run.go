package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments"
	"backfire/report"
	"backfire/torchbridge"
)

// RunOptions are the options of "run" and "quick".
type RunOptions struct {
	IO     *IOStreams
	Config config.Options
	JSON   bool // events and summary as JSON lines on Out, in place of the table

	Load        experiments.Loader
	CheckDevice func(name string) (string, error) // the device that a name means here
	Worker      func() (*exec.Cmd, error)         // makes the command of a worker process
}

// NewCmdRun returns the command that plays the games of a configuration.
func NewCmdRun(streams *IOStreams, runF func(context.Context, *RunOptions) error) *cobra.Command {
	return newRunCmd(&cobra.Command{
		Use:   "run",
		Short: "Play the games of a configuration and print their table",
		Long: `Play one game for each number of attackers in attackers.counts, and the first
attackers.singles attackers alone, and print the table: standard accuracy, ASR,
base rate and robustness accuracy per game, and each attacker's ASR beside its
ASR alone.

Every trained model is stored under a name that follows from all that fixes it.
What the store has is not trained again, so an interrupted run goes on when the
same command is given again. Several runs may share a store.

The table goes to standard output, progress to standard error. Exit code 3 says
that some models failed while the others were finished.`,
		Example: `  backfire run --preset workstation --store runs
  backfire run --config mine.yaml --set train.epochs=20 --attackers 1,2,5
  backfire run --preset quick --json | jq -r 'select(.event == "summary") | .path'`,
	}, "", streams, runF)
}

// newRunCmd gives a command that plays games its flags and options.
func newRunCmd(cmd *cobra.Command, preset string, streams *IOStreams, runF func(context.Context, *RunOptions) error) *cobra.Command {
	opts := &RunOptions{IO: streams, Load: datasets.Load, CheckDevice: torchbridge.CheckDevice, Worker: workerCommand}
	cmd.Args = cobra.NoArgs
	cmd.Flags().BoolVar(&opts.JSON, "json", false, "write events and the summary as lines of JSON to standard output")
	flags := config.AddFlags(cmd.Flags(), preset)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		opts.Config = flags.Options(streams.Environ)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runRun(cmd.Context(), opts)
	}
	return cmd
}

// workerCommand is this program as a worker.
func workerCommand() (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program to start workers: %w", err)
	}
	return exec.Command(self, workerName), nil
}

func runRun(ctx context.Context, opts *RunOptions) error {
	resolved, err := config.Load(opts.Config)
	if err != nil {
		return err
	}
	cfg := resolved.Config
	device, err := opts.CheckDevice(cfg.Device)
	if err != nil {
		return err
	}
	store, err := experiments.OpenStore(cfg.Store)
	if err != nil {
		return err
	}
	source := datasets.Source{Name: cfg.Data.Name, Path: cfg.Data.Path, Split: cfg.Data.Split, Dir: cfg.Data.Dir}
	plan, err := planRun(ctx, cfg, source, opts.Load)
	if err != nil {
		return err
	}

	workers, threads := experiments.Resources(device, cfg.Workers, cfg.Threads)
	display := newProgress(opts.IO, opts.JSON)
	runner := &experiments.Runner{
		Store: store, Source: source, Command: opts.Worker,
		Device: device, Workers: workers, Threads: threads, Observer: display,
	}
	outcome, runErr := runner.Run(ctx, plan.Cells)
	if err := display.close(); err != nil {
		return errors.Join(runErr, err)
	}
	if outcome == nil || runErr != nil && !errors.Is(runErr, experiments.ErrInterrupted) {
		return runErr
	}
	if err := showSummary(ctx, opts, plan, store, outcome, runErr != nil); err != nil {
		return err
	}
	switch {
	case runErr != nil:
		return interrupted(outcome, store)
	case len(outcome.Failed) > 0:
		return cellsFailed(outcome)
	}
	return nil
}

// planRun loads the data and plans the games. What is wrong with the settings
// is a usage error.
func planRun(ctx context.Context, cfg config.Config, source datasets.Source, load experiments.Loader) (*experiments.Plan, error) {
	set, err := load(ctx, source)
	switch {
	case errors.Is(err, datasets.ErrSplit), errors.Is(err, datasets.ErrUnknownDataset):
		return nil, &UsageError{Err: err}
	case err != nil:
		return nil, err
	}
	plan, err := experiments.NewPlan(cfg, set)
	if errors.Is(err, experiments.ErrPlan) {
		return nil, &UsageError{Err: err}
	}
	return plan, err
}

// summaryLine is the last line of --json.
type summaryLine struct {
	Event       string                `json:"event"` // "summary"
	Path        string                `json:"path,omitempty"`
	Interrupted bool                  `json:"interrupted"`
	Failed      []experiments.Failure `json:"failed"`
	Summary     *experiments.Summary  `json:"summary"`
}

// showSummary makes the summary of a plan from the store, stores it, and shows
// it: as the table, or as the last line of JSON. An interrupted run has no
// table yet.
func showSummary(ctx context.Context, opts *RunOptions, plan *experiments.Plan, store *experiments.Store,
	outcome *experiments.Outcome, interrupted bool,
) error {
	if interrupted && !opts.JSON {
		return nil
	}
	summary, err := experiments.Summarize(plan, store)
	if err != nil {
		return err
	}
	if !interrupted {
		if err := summary.Write(ctx, store); err != nil {
			return err
		}
	}
	if !opts.JSON {
		return report.Text(opts.IO.Out, summary)
	}
	line := summaryLine{Event: "summary", Path: summary.Path, Interrupted: interrupted, Failed: []experiments.Failure{}, Summary: summary}
	line.Failed = append(line.Failed, outcome.Failed...)
	if err := json.NewEncoder(opts.IO.Out).Encode(line); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// interrupted says how far a run came and how to go on.
func interrupted(outcome *experiments.Outcome, store *experiments.Store) error {
	return &InterruptedError{Resume: fmt.Sprintf("%d of %s are stored in %s; the same command goes on from there",
		outcome.Stored+outcome.Trained, plural(outcome.Cells, "model"), store.Dir())}
}

// cellsFailed names what failed first.
func cellsFailed(outcome *experiments.Outcome) error {
	first := outcome.Failed[0]
	return fmt.Errorf("run: %w: %d of %s, first %s: %s", ErrCellsFailed, len(outcome.Failed),
		plural(outcome.Cells, "model"), first.Title, first.Error)
}
