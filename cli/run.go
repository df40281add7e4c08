package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/launcher"
	"backfire/report"
)

// RunOptions are the options of "run" and "quick".
type RunOptions struct {
	IO     *IOStreams
	Config config.Options
	JSON   bool // events and summary as JSON lines on Out, in place of the table

	Watch       bool   // show curves of the models in training
	TensorBoard string // directory for event files; empty: none

	CommandLine string // what was called, for the summary

	Load     cell.Loader
	Describe func(context.Context) (launcher.Description, error) // the engine and the devices here
	Worker   func() (*exec.Cmd, error)                           // makes the command of a worker process
	// Choose finds out how many models to train at a time on a GPU.
	Choose func(ctx context.Context, e estimate.Estimator, sweep *plan.Sweep, shared bool) (estimate.Estimator, error)
}

// NewCmdRun returns the command that plays the games of a configuration.
func NewCmdRun(streams *IOStreams, runF func(context.Context, *RunOptions) error) *cobra.Command {
	return newRunCmd(&cobra.Command{
		Use:   "run",
		Short: "Play the games of a configuration and print their table",
		Long: `Play one game for each number of attackers in attackers.counts, and the first
attackers.singles attackers alone, and print the table: standard accuracy, ASR,
base rate and robustness accuracy per game, and each attacker's ASR beside its
ASR alone. With --defenders, each game is also played by every defender on the
same deal, and printed against the game without a defense.

Every trained model is stored under a name that follows from all that fixes it.
What the store has is not trained again, so an interrupted run goes on when the
same command is given again. Several runs may share a store.

The table goes to standard output, progress to standard error. Exit code 3 says
that some models failed while the others were finished.`,
		Example: `  backfire run --preset workstation --store runs
  backfire run --config mine.yaml --set train.epochs=20 --attackers 1,2,5
  backfire run --preset quick --defenders cutmix,agent_augmentation+cutmix,indexing
  backfire run --preset quick --json | jq -r 'select(.event == "summary") | .path'`,
	}, "", streams, runF)
}

// newRunCmd gives a command that plays games its flags and options.
func newRunCmd(cmd *cobra.Command, preset string, streams *IOStreams, runF func(context.Context, *RunOptions) error) *cobra.Command {
	opts := newRunOptions(streams)
	cmd.Args = cobra.NoArgs
	cmd.Flags().BoolVar(&opts.JSON, "json", false, "write events and the summary as lines of JSON to standard output")
	addLiveFlags(cmd, opts)
	flags := config.AddFlags(cmd.Flags(), preset)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config, opts.CommandLine = flags.Options(streams.Environ), commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runRun(cmd.Context(), opts)
	}
	return cmd
}

// addLiveFlags declares the flags that show trainings while they go on.
func addLiveFlags(cmd *cobra.Command, opts *RunOptions) {
	cmd.Flags().BoolVar(&opts.Watch, "watch", false, "show the curves of loss and training accuracy; not on a terminal: a line for every epoch")
	cmd.Flags().StringVar(&opts.TensorBoard, "tensorboard", "", "directory for TensorBoard event files, one directory per model; empty: none")
	cmd.MarkFlagsMutuallyExclusive("watch", "json")
}

// newRunOptions returns options for this program on this machine.
func newRunOptions(streams *IOStreams) *RunOptions {
	engine := launcher.New(streams.Environ)
	return &RunOptions{IO: streams, Load: loading(streams), Describe: engine.Describe, Worker: engine.Worker, Choose: choose}
}

func runRun(ctx context.Context, opts *RunOptions) error {
	resolved, err := config.Load(opts.Config)
	if err != nil {
		return err
	}
	training, err := newTraining(ctx, opts, resolved.Config)
	if err != nil {
		return err
	}
	sweep, err := training.planned(ctx, []plan.SweepPoint{{Config: resolved.Config}})
	if err != nil {
		return err
	}
	r, estimator, err := training.runner(ctx, sweep, false)
	if err != nil {
		return err
	}
	fmt.Fprint(opts.IO.ErrOut, trialsText(estimator.Trials, estimator.Workers))
	return training.run(
		r, func() (*runner.Outcome, error) { return r.RunSweep(ctx, sweep) },
		func(outcome *runner.Outcome, interrupted bool) error {
			if err := training.board.rest(sweep); err != nil {
				return err
			}
			origin := summary.Request{Kind: string(report.Points), Name: "run", Preset: opts.Config.Preset, Command: opts.CommandLine}
			return showSummary(ctx, opts, sweep, origin, training.store, outcome, interrupted)
		})
}

// summaryLine is the last line of --json.
type summaryLine struct {
	Event       string           `json:"event"` // "summary"
	Path        string           `json:"path,omitempty"`
	Interrupted bool             `json:"interrupted"`
	Failed      []store.Failure  `json:"failed"`
	Summary     *summary.Summary `json:"summary"`
}

// showSummary makes the summary of a run, a sweep of one point, from the store,
// stores it, and shows it: as the table, or as the last line of JSON. An
// interrupted run has no table yet.
func showSummary(ctx context.Context, opts *RunOptions, sweep *plan.Sweep, origin summary.Request, st *store.Store,
	outcome *runner.Outcome, interrupted bool,
) error {
	if interrupted && !opts.JSON {
		return nil
	}
	stage, err := sweep.Resolve(st)
	if err != nil {
		return err
	}
	summary, err := summary.Summarize(stage.Plans[0], st)
	if err != nil {
		return err
	}
	summary.Origin = &origin
	if !interrupted {
		if err := summary.Write(ctx, st); err != nil {
			return err
		}
		if len(summary.Missing) == 0 {
			if err := runner.End(sweep, st); err != nil {
				return err
			}
		}
	}
	if !opts.JSON {
		return report.Text(opts.IO.Out, summary)
	}
	line := summaryLine{Event: "summary", Path: summary.Path, Interrupted: interrupted, Failed: []store.Failure{}, Summary: summary}
	line.Failed = append(line.Failed, outcome.Failed...)
	if err := json.NewEncoder(opts.IO.Out).Encode(line); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}
