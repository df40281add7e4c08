package cli

import (
	"context"
	"math"
	"os/exec"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/launcher"
	"backfire/report"
)

// RunOptions are the options of all commands that train models.
type RunOptions struct {
	IO     *IOStreams
	Config config.Options
	JSON   bool // events and tables as JSON lines on Out, in place of text

	Watch       bool   // show curves of the models in training
	TensorBoard string // directory for event files; empty: none

	CommandLine string // the command itself, for the summary

	Load     cell.Loader
	Describe func(context.Context) (launcher.Description, error) // describes the engine and the devices of this machine
	Worker   func() (*exec.Cmd, error)                           // makes the command of a worker process
	// Choose chooses how many models to train at a time on a GPU.
	Choose func(ctx context.Context, e estimate.Estimator, sweep *plan.Sweep, shared bool) (estimate.Estimator, error)
}

// newCmdRun returns the command that plays the games of a configuration: a sweep of one
// point for each seed.
func newCmdRun(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	return newRunCmd(&cobra.Command{
		Use:   "run",
		Short: "Play the games of a configuration and make their table",
		Long: `Play one game for each number of attackers in attackers.counts, and the first
attackers.singles attackers alone, and make their table: standard accuracy, ASR,
base rate and robustness accuracy per game, and each attacker's ASR beside its
ASR alone. With --defenders, each game is also played by every defender on the
same deal, and compared with the game without a defense. With --seeds, every
figure is a mean over seeds with its 95 % confidence interval. The paper's claims
that the games speak to are judged below; each needs six seeds at least.

The table goes to standard output, and to files as text, Markdown, LaTeX, CSV and
JSON. Progress goes to standard error. Every trained model is stored under a hash
of all its settings, and models in the store are not retrained: repeat the command
to resume an interrupted run. Several runs may share a store. Exit code 3 means
that some models failed while the others were finished, 4 that a result is missing
or damaged otherwise.`,
		Example: `  backfire run --preset workstation --store runs
  backfire run --config mine.yaml --set train.epochs=20 --attackers 1,2,5 --seeds 6
  backfire run --preset quick --defenders cutmix,agent_augmentation+cutmix,indexing
  backfire run --preset paper --dataset mnist --dry-run
  backfire run --preset quick --json | jq -r 'select(.event == "table") | .files[]'`,
	}, "", streams, runF)
}

// newRunCmd gives a command that plays the games of a configuration its flags and
// options. The command's name becomes that of the table.
func newRunCmd(cmd *cobra.Command, preset string, streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	opts := newSweepOptions(streams)
	opts.Kind, opts.Run = report.Points, cmd.Name()
	cmd.Args = arguments()
	seeds := 1
	if preset == quickPreset {
		seeds = quickSeeds
	}
	config.IntVar(cmd.Flags(), &opts.Seeds, "seeds", seeds, "number of seeds, from --seed (1) on")
	flags := config.AddFlags(cmd.Flags(), preset)
	cmd.Flags().Lookup("dataset").Usage += "; " + allDatasetsUsage
	addTableFlags(cmd, opts)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config, opts.CommandLine = flags.Options(streams.Environ), commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runSweep(cmd.Context(), opts)
	}
	return cmd
}

// addLiveFlags declares the flags that show trainings in progress.
func addLiveFlags(cmd *cobra.Command, opts *RunOptions) {
	cmd.Flags().BoolVar(&opts.Watch, "watch", false, "show the curves of loss and training accuracy, and with train.score_every those of standard accuracy and ASR; not on a terminal: a line for every epoch")
	pathVar(cmd.Flags(), opts.IO, &opts.TensorBoard, "tensorboard", "", "", "directory for TensorBoard event files, one directory per model; empty: none")
	cmd.MarkFlagsMutuallyExclusive("watch", "json")
}

// newRunOptions returns options for this program on this machine.
func newRunOptions(streams *IOStreams) *RunOptions {
	engine := launcher.New(streams.Environ)
	return &RunOptions{IO: streams, Load: loading(streams), Describe: engine.Describe, Worker: engine.Worker, Choose: choose}
}

// runTitle is the title of a run's table.
const runTitle = "ASR by number of attackers"

// configuredSweep returns a configuration as a sweep of one point for each seed, from
// the configured seed on, and each training.
func configuredSweep(name string, opts config.Options, seeds int) (*config.Sweep, error) {
	resolved, err := config.Load(opts)
	if err != nil {
		return nil, err
	}
	first := resolved.Config.Seed
	switch {
	case seeds < 1:
		return nil, Usagef("%d seeds: must be at least 1", seeds)
	case seeds > config.MaxPoints || uint64(seeds-1) > math.MaxUint64-first:
		return nil, Usagef("%d seeds from %d on: must be at most %d, and none above %d", seeds, first, config.MaxPoints, uint64(math.MaxUint64))
	}
	sweep := &config.Sweep{Name: name, Title: runTitle, Preset: opts.Preset, Notices: resolved.Notices}
	for i := range uint64(seeds) {
		point := config.Point{Config: resolved.Config, Sources: resolved.Sources}
		point.Config.Seed = first + i
		sweep.Points = append(sweep.Points, point.Trainings()...)
	}
	if len(sweep.Points) > config.MaxPoints {
		return nil, Usagef("%d seeds with %d trainings: must be at most %d together", seeds, resolved.Config.Seeds.Trainings, config.MaxPoints)
	}
	return sweep, nil
}
