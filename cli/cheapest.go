package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"backfire/cheapest"
	"backfire/config"
	"backfire/experiments/plan"
	"backfire/report"
)

// cheapestOptions are the options of "cheapest".
type cheapestOptions struct {
	SweepOptions
	Request cheapest.Spec // its unit, target, tolerance, margin and number of seeds
}

// newCmdCheapest returns the command that finds the cheapest attack.
func newCmdCheapest(streams *IOStreams, runF func(context.Context, *cheapestOptions) error) *cobra.Command {
	opts := &cheapestOptions{SweepOptions: *newSweepOptions(streams)}
	opts.Kind = report.Points
	cmd := &cobra.Command{
		Use:   "cheapest",
		Short: "Find the fewest poisoned images that reach an ASR, by number of attackers",
		Long: `Search, for each number of attackers N and each seed, the fewest poisoned images of each
attacker, or the smallest p = p0 = p1 = p2, with which the attackers reach a mean ASR: by
doubling, then by bisection. If the number does not depend on N, the attacks do not backfire;
if it rises with N, backfiring is a price that attackers can pay. docs/game.md describes the
search.

Each step trains one model for each N and seed whose search is still open. Models in the
store are not retrained: repeat the command to resume a search. "backfire plan cheapest"
stores the plan of the next step for workers on other hosts. Exit code 3 means that some
models failed, 4 that a result is missing.`,
		Example: `  backfire cheapest --preset quick --attackers 1,2,5,10 --seeds 6
  backfire cheapest --preset quick --vary p --asr 0.8 --dry-run`,
		Args: arguments(),
	}
	flags := config.AddFlags(cmd.Flags(), "")
	set := cmd.Flags()
	addSearchFlags(set, &opts.Request, "")
	config.IntVar(set, &opts.Request.Seeds, "seeds", 1, "number of seeds, from --seed (1) on")
	addTableFlags(cmd, &opts.SweepOptions)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Config, opts.CommandLine = flags.Options(streams.Environ), commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runCheapest(cmd.Context(), opts)
	}
	return cmd
}

// addSearchFlags declares the flags of a search. Their usages begin with some words.
func addSearchFlags(set *pflag.FlagSet, request *cheapest.Spec, begin string) {
	set.StringVar((*string)(&request.Unit), "vary", string(cheapest.Images), begin+"what is searched: images (poisoned ones of each attacker) or p (p0, p1 and p2 together)")
	set.Float64Var(&request.Target, "asr", 0.9, begin+"mean ASR of the attackers to reach, in (0,1]")
	set.Float64Var(&request.Tolerance, "tolerance", 0.1, begin+"relative width at which a search ends, in [0,1)")
	set.Float64Var(&request.Margin, "margin", 0, begin+fmt.Sprintf("ratio of the numbers of two N up to which they count as the same, at least (1 + tolerance) squared, which the search resolves; 0: %v, or that where it is larger", cheapest.DefaultMargin))
}

// runCheapest plays a search step by step: each plays what the games before it ask for.
func runCheapest(ctx context.Context, opts *cheapestOptions) error {
	begun := time.Now()
	search, err := config.LoadCheapest(opts.Config, opts.Request)
	if err != nil {
		return err
	}
	tellNotices(opts.IO, search.Notices)
	steps := &cheapestSteps{search: search, load: plan.Remembering(opts.Load)}
	first, err := search.Point(cheapest.Play{N: search.Spec.Counts[0], Seed: search.Spec.FirstSeed, Value: 1})
	if err != nil {
		return err
	}
	training, err := newTraining(ctx, &opts.RunOptions, first.Config)
	if err != nil {
		return err
	}
	steps.decided = func(points []plan.SweepPoint) ([]plan.SweepPoint, error) {
		return training.decided(ctx, points, steps.load)
	}
	_, begin := search.Spec.Search(nil)
	smallest, _, err := steps.plan(ctx, begin)
	if err != nil {
		return err
	}
	if err := training.admit(smallest); err != nil {
		return err
	}
	steps.store = training.store
	output := &sweepOutput{opts: &opts.SweepOptions, begun: begun, store: training.store}
	output.cheapest = steps.shower(output)
	if !opts.DryRun {
		if err := output.makeDir(); err != nil {
			return err // now rather than after hours
		}
	}
	for again := true; again; {
		if again, err = playStep(ctx, opts, training, steps, output); err != nil {
			return err
		}
	}
	return nil
}

// playStep trains what the stored results ask for, and reports whether another step follows. It shows the answers
// after the last one. With --dry-run it prints what it would train, and the most that may follow.
func playStep(ctx context.Context, opts *cheapestOptions, training *training, steps *cheapestSteps, output *sweepOutput) (again bool, err error) {
	step, err := steps.next(ctx)
	if err != nil {
		return false, err
	}
	r, _, err := training.estimated(ctx, &opts.SweepOptions, step.sweep)
	if err != nil {
		return false, err
	}
	if opts.DryRun {
		if opts.JSON {
			return false, nil
		}
		var out strings.Builder
		tell(&out, "This is the next step of the search, which trains at most %d models in all.\n", steps.search.Spec.MostGames())
		return false, write(opts.IO.Out, out.String())
	}
	return training.playStep(ctx, &opts.SweepOptions, r, step, steps.next, output)
}
