package cli

import (
	"context"

	"github.com/spf13/cobra"

	"backfire/cheapest"
	"backfire/internal/words"
	"backfire/report"
)

// newCmdPlan returns the command that stores a plan for workers.
func newCmdPlan(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	opts := newSweepOptions(streams)
	cmd := &cobra.Command{
		Use:   "plan (table NAME | sweep FILE | audit FILE | equilibrium FILE | cheapest)",
		Short: "Store the plan of a table, sweep, audit or game for workers on any number of hosts",
		Long: `Check a table, a sweep, an audit or an attackers' game as a whole and store its plan: all
configurations and the version of this program. The command prints the plan's directory,
which is the PLAN of worker, status, collect and submit. Nothing is trained.

The plan of an audit, or of a search for the cheapest attack, has what the stored results
ask for: plan it once more when its models are stored, to see what follows. A plan of a
search has one model for each N and seed whose search is still open.

docs/scaling.md describes training on several hosts.`,
		Example: `  plan=$(backfire plan table 1 --preset workstation --store /shared/runs)
  backfire worker --plan "$plan"     # on any number of hosts
  backfire collect "$plan"`,
		Args: arguments("table, sweep, audit, equilibrium or cheapest", "[NAME or FILE]"),
	}
	sweep := &cobra.Command{}
	flags := addSweepFlags(sweep, opts)
	copyFlags(cmd, sweep, "out", "dry-run", "json", "watch", "tensorboard") // of training and showing
	search := &cheapest.Spec{}
	addSearchFlags(cmd.Flags(), search, "with cheapest: ")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && args[0] == "cheapest" {
			opts.Kind, opts.Search = report.Points, search
		} else if err := namedSweep(args, opts); err != nil {
			return err
		}
		opts.Config = flags.Options(streams.Environ)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runPlan(cmd.Context(), opts)
	}
	return cmd
}

func runPlan(ctx context.Context, opts *SweepOptions) error {
	plan, sweep, err := makePlan(ctx, opts)
	if err != nil {
		return err
	}
	plan.stored.GPU = plansForGPU(ctx, opts, plan)
	if _, err := plan.stored.Write(ctx, plan.store); err != nil {
		return err
	}
	dir, err := plan.dir()
	if err != nil {
		return err
	}
	tell(opts.IO.ErrOut, "%s planned\n", words.Plural(len(sweep.Cells), "model"))
	return write(opts.IO.Out, dir+"\n")
}
