package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/runner"
	"backfire/internal/words"
)

// PlanWorkerOptions are the options of "worker --plan".
type PlanWorkerOptions struct {
	PlannedOptions
	Run RunOptions // of the trainings

	Shard   string        // "i/n"; empty: not known
	Time    time.Duration // after which the worker stops; 0: it trains to the end
	Grace   time.Duration // for reaching a checkpoint after a request to stop
	Cells   int           // the most to train; 0: any number
	Device  string        // in place of the plan's; empty: the plan's
	GPUs    int           // that the worker was promised, and trains on; 0: none was promised
	Workers int           // likewise; -1: the plan's
	Threads int           // likewise; -1: the plan's
}

// newPlanWorkerOptions returns options for this program on this machine.
func newPlanWorkerOptions(streams *IOStreams) *PlanWorkerOptions {
	return &PlanWorkerOptions{PlannedOptions: newPlannedOptions(streams), Run: *newRunOptions(streams)}
}

// newCmdPlanWorker returns the command that trains cells of a stored plan.
func newCmdPlanWorker(streams *IOStreams, runF func(context.Context, *PlanWorkerOptions) error) *cobra.Command {
	opts := newPlanWorkerOptions(streams)
	cmd := &cobra.Command{
		Use:   "worker --plan PLAN",
		Short: "Train models of a stored plan, together with workers on other hosts",
		Long: `Train models of a stored plan (see "backfire plan"), the most expensive first, until
none is left. Any number of workers on any number of hosts may do so at the same time.
Each model is trained by one worker; if that worker dies, another resumes from the last
checkpoint. The results are those of "backfire table" on one machine, to the bit.

On SIGTERM, SIGINT and SIGUSR1, and when --time is nearly over, the worker takes no more
models, stops those in training after their epoch, and exits. A checkpoint is written
after each epoch, on a GPU at most once a minute; --grace limits the wait. Before a worker
ends because no model is left, it reads all results: a damaged one is named, set aside and
trained anew.
Exit codes: 0 every game has its results, 3 some models failed and the others are stored,
4 models are missing that another worker trains, or that none does.`,
		Example: `  backfire worker --plan runs/plans/1f3a... --time 2h
  backfire worker --plan /shared/runs/plans/1f3a... --shard "$JOB_COMPLETION_INDEX/8"`,
		Args: func(cmd *cobra.Command, args []string) error {
			if opts.Plan == "" {
				return errors.New("worker: --plan is missing: give the directory that \"backfire plan\" printed, or a hash")
			}
			return arguments()(cmd, args)
		},
	}
	addPlanned(cmd, &opts.PlannedOptions)
	set := cmd.Flags()
	pathVar(set, streams, &opts.Plan, "plan", "", "", "the plan: its directory, its hash, or the beginning of its hash")
	set.StringVar(&opts.Shard, "shard", "", "i/n: this is worker i, from 0, of n that start together; it only spreads the models that they try first")
	set.DurationVar(&opts.Time, "time", 0, "time after which the worker stops, such as 2h; 0: it trains to the end")
	set.DurationVar(&opts.Grace, "grace", 20*time.Second, "time for reaching a checkpoint after a request to stop")
	config.IntVar(set, &opts.Cells, "cells", 0, "the most models to train; 0: any number")
	set.StringVar(&opts.Device, "device", "", "device to train on: auto, cpu, cuda, cuda:K, a list such as cuda:0,1, or all; empty: as planned")
	config.IntVar(set, &opts.GPUs, "gpus", 0, "GPUs that this worker was promised: with fewer it fails, and auto trains on all of them; 0: none")
	config.IntVar(set, &opts.Workers, "workers", -1, "models trained at the same time; -1: as planned, 0 chooses")
	config.IntVar(set, &opts.Threads, "threads", -1, "CPU threads per model; -1: as planned, 0: one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Run.CommandLine = commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runPlanWorker(cmd.Context(), opts)
	}
	return cmd
}

// parseShard parses "i/n"; empty is 0 of 0.
func parseShard(text string) (index, of int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	i, n, ok := strings.Cut(text, "/")
	index, indexErr := strconv.Atoi(i)
	of, ofErr := strconv.Atoi(n)
	if !ok || indexErr != nil || ofErr != nil || index < 0 || index >= of {
		return 0, 0, Usagef("worker: --shard %q: must be i/n with i from 0 to n-1, such as 0/8", text)
	}
	return index, of, nil
}

func runPlanWorker(ctx context.Context, opts *PlanWorkerOptions) error {
	index, of, err := parseShard(opts.Shard)
	if err != nil {
		return err
	}
	if opts.Time < 0 || opts.Grace < 0 || opts.Cells < 0 || opts.GPUs < 0 || opts.Time > 0 && opts.Time <= opts.Grace {
		return Usagef("worker: --time %s, --grace %s, --cells %d, --gpus %d: none may be negative, and --time must be longer than --grace", opts.Time, opts.Grace, opts.Cells, opts.GPUs)
	}
	begun := time.Now()
	plan, err := opts.open()
	if err != nil {
		return err
	}
	cfg, err := opts.config(ctx, plan)
	if err != nil {
		return err
	}
	opts.Run.JSON = opts.JSON
	training, err := newTraining(ctx, &opts.Run, cfg)
	if err != nil {
		return err
	}
	sweep, err := plan.stored.NewSweep(ctx, opts.Load)
	if err != nil {
		return planError(err)
	}
	if err := training.admit(sweep); err != nil {
		return err
	}
	r, estimator, err := training.runner(ctx, sweep, true)
	if err != nil {
		return err
	}
	_ = write(opts.IO.ErrOut, trialsText(estimator.Trials, estimator.Workers)) // what cannot be shown stops no training
	r.Shared = &runner.SharedRun{Plan: plan.stored.Sweep, Index: index, Of: of, Cells: opts.Cells}
	r.Poll = sharedPoll
	hard, leave, end := leaving(ctx, opts, begun)
	defer end()
	r.Leave = leave
	display := opts.IO.display(opts.JSON, false)
	r.Observer = display
	outcome, err := r.RunSweep(hard, sweep)
	if closing := display.Close(); closing != nil {
		return errors.Join(err, closing)
	}
	if outcome == nil || err != nil && !errors.Is(err, runner.ErrInterrupted) {
		return err
	}
	return leftWith(opts.IO, "worker", outcome)
}

// config returns the configuration of the plan for this worker.
func (o *PlanWorkerOptions) config(ctx context.Context, plan *planned) (config.Config, error) {
	cfg, forGPU := plan.stored.Points[0].Config, plan.stored.GPU
	cfg.Store = plan.store.Dir()
	if o.Device != "" {
		cfg.Device, forGPU = o.Device, false
	}
	if o.GPUs > 0 || forGPU && cfg.Device == deviceAuto {
		described, err := o.Run.Describe(ctx)
		if err != nil {
			return cfg, err
		}
		if cfg.Device, err = demandedDevice(cfg.Device, o.GPUs, len(described.Libtorch.GPUs), forGPU); err != nil {
			return cfg, err
		}
	}
	if o.Workers >= 0 {
		cfg.Workers = o.Workers
	}
	if o.Threads >= 0 {
		cfg.Threads = o.Threads
	}
	return cfg, nil
}

// sharedPoll is the first pause of a worker that finds no free model; see runner.Runner.Poll.
const sharedPoll = time.Second

// leftWith writes the state that a command left a plan in. The error is that of
// unfinished.
func leftWith(streams *IOStreams, command string, outcome *runner.Outcome) error {
	tell(streams.ErrOut, "%s: %d stored, %d of them now; %d failed, %d without a worker\n",
		words.Plural(outcome.Cells, "model"), outcome.Stored+outcome.Trained, outcome.Trained, len(outcome.Failed), outcome.Left)
	return unfinished(command, outcome.Cells, outcome.Missing, outcome.Failed)
}

// leaving returns a channel that is closed when the worker has to stop at a checkpoint,
// and a context that ends when it has to stop at once. end releases both.
func leaving(ctx context.Context, opts *PlanWorkerOptions, begun time.Time) (hard context.Context, leave <-chan struct{}, end func()) {
	hard, kill := context.WithCancel(context.WithoutCancel(ctx))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGUSR1)
	var limit <-chan time.Time
	if opts.Time > 0 {
		limit = time.After(time.Until(begun.Add(opts.Time - opts.Grace)))
	}
	closing := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
		case <-stop:
		case <-limit:
		case <-hard.Done():
			return
		}
		close(closing)
		select {
		case <-time.After(opts.Grace):
			kill()
		case <-hard.Done():
		}
	}()
	return hard, closing, func() {
		signal.Stop(stop)
		kill()
	}
}
