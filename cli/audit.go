package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"backfire/audit"
	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/report"
)

// auditOptions are the options of "audit".
type auditOptions struct {
	SweepOptions
	Through string // the last stage to play
}

// newCmdAudit returns the command that finds under which readings and at which scale claims hold.
func newCmdAudit(streams *IOStreams, runF func(context.Context, *auditOptions) error) *cobra.Command {
	opts := &auditOptions{SweepOptions: *newSweepOptions(streams)}
	opts.Kind = report.Points
	cmd := &cobra.Command{
		Use:   "audit [FILE]",
		Short: "Find under which readings and at which scale the paper's claims hold",
		Long: `Play an audit: a YAML file with the readings to vary (factors of two levels), the numbers
of attackers and seeds, margins, a primary reading and a budget. Without FILE the audit
"paper" is played, which is part of the program like "conflict", "conflict-large",
"one-label", "own-labels", "scale" and "gpu". docs/audit.md describes the file.

Up to four stages are played: the primary reading; a two-level fractional factorial over all
factors (screening); triggers that can be told apart more or less, for the law of shares
(shares); and a phase diagram of two factors over the number of poisoned images per attacker
and the number of attackers, with more seeds where attackers neither succeed nor fail. The
answers are the effects of each factor, a matrix of verdicts, a sentence on what backfiring
is, and the condition that is nearest to each of the paper's tables.

Everything is checked before the first training, and --dry-run prints the models and the
time of each stage. Models in the store are not retrained: repeat the command to resume an
audit. "backfire plan audit FILE" stores the plan of what is to be played next for workers on
other hosts. Exit code 3 means that some models failed, 4 that a result is missing.`,
		Example: `  backfire audit --dry-run
  backfire audit mine.yaml --through screening --store runs --out docs/audit
  backfire audit gpu --device cuda`,
		Args: arguments("[FILE]"),
	}
	flags := config.AddFlags(cmd.Flags(), "")
	set := cmd.Flags()
	set.Lookup("preset").Usage += "; default: that of the audit"
	set.StringVar(&opts.Through, "through", string(audit.StagePhase), "the last stage to play: primary, screening, shares or phase")
	addTableFlags(cmd, &opts.SweepOptions)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Audit = "paper"
		if len(args) > 0 {
			opts.Audit = args[0]
		}
		opts.Config, opts.CommandLine = flags.Options(streams.Environ), commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runAudit(cmd.Context(), opts)
	}
	return cmd
}

// through returns the stages to play.
func (o *auditOptions) through() ([]audit.Stage, error) {
	stages := audit.Stages()
	at := slices.Index(stages, audit.Stage(o.Through))
	if at < 0 {
		return nil, Usagef("audit: --through %s: must be primary, screening, shares or phase", o.Through)
	}
	return stages[:at+1], nil
}

// runAudit plays an audit, round by round: each round plays what the rounds before it ask for.
func runAudit(ctx context.Context, opts *auditOptions) error {
	begun := time.Now()
	stages, err := opts.through()
	if err != nil {
		return err
	}
	file, err := config.LoadAudit(opts.Audit, opts.Config)
	if err != nil {
		return err
	}
	tellNotices(opts.IO, file.Notices)
	rounds := &auditRounds{file: file, stages: stages, load: plan.Remembering(opts.Load)}
	first, err := rounds.points(file.Spec.Smallest())
	if err != nil {
		return err
	}
	training, err := newTraining(ctx, &opts.RunOptions, first[0].Config)
	if err != nil {
		return err
	}
	rounds.decided = func(points []plan.SweepPoint) ([]plan.SweepPoint, error) {
		return training.decided(ctx, points, rounds.load)
	}
	smallest, err := rounds.smallest(ctx)
	if err != nil {
		return err
	}
	if err := training.admit(smallest); err != nil {
		return err
	}
	rounds.store = summary.NewOnceStore(training.store)
	if opts.DryRun {
		return dryRunAudit(ctx, opts, training, rounds)
	}
	output := &sweepOutput{opts: &opts.SweepOptions, begun: begun, store: training.store}
	if err := output.makeDir(); err != nil {
		return err // now rather than after hours
	}
	for again := true; again; {
		if again, err = playRound(ctx, opts, training, rounds, output); err != nil {
			return err
		}
	}
	return nil
}

// playRound trains what the stored results ask for, and reports whether another round follows. It shows the answers
// after the last one.
func playRound(ctx context.Context, opts *auditOptions, training *training, rounds *auditRounds, output *sweepOutput) (again bool, err error) {
	round, err := rounds.next(ctx)
	if err != nil {
		return false, err
	}
	r, cost, err := training.estimated(ctx, &opts.SweepOptions, round.sweep)
	if err != nil {
		return false, err
	}
	if err := rounds.withinHours(round, cost); err != nil {
		return false, err
	}
	return training.playStep(ctx, &opts.SweepOptions, r, &round.step, rounds.nextStep, output)
}

// dryRunAudit prints what each stage trains in any case, and the time that it takes here.
func dryRunAudit(ctx context.Context, opts *auditOptions, training *training, rounds *auditRounds) error {
	round, err := rounds.next(ctx)
	if err != nil {
		return err
	}
	hash, err := cell.HashOf(&rounds.file.Spec)
	if err != nil {
		return err
	}
	spec := &rounds.file.Spec
	if !opts.JSON {
		tell(opts.IO.Out, "Audit %s, fixed before training as %.12s\n", spec.Name, hash)
		if err := write(opts.IO.Out, designText(spec)); err != nil {
			return err
		}
	}
	plays, err := rounds.withFirstDiagram(round.plays)
	if err != nil {
		return err
	}
	hours, measured := 0.0, estimate.Measured{}
	for _, stage := range rounds.stages {
		of := slices.DeleteFunc(slices.Clone(plays), func(p audit.Play) bool { return p.Stage != stage })
		if len(of) == 0 {
			continue
		}
		sweep, _, err := rounds.plan(ctx, of)
		if err != nil {
			return err
		}
		_, estimator, err := training.runner(ctx, sweep, false)
		if err != nil {
			return err
		}
		estimator.Measured = measured // stages share most of their shapes
		estimated, err := opts.Estimate(ctx, estimator, sweep)
		if err != nil {
			return err
		}
		hours += estimated.Seconds * float64(estimated.Workers) / 3600
		if opts.JSON {
			err = writeLine(opts.IO.Out, stageLine{"stage", stage, hash, estimated})
		} else {
			err = write(opts.IO.Out, "Stage "+string(stage)+": "+estimateText(estimated))
		}
		if err != nil {
			return err
		}
	}
	if b := spec.Budget.Hours; b > 0 && round.hours+hours > b {
		return hoursText(spec, round.hours, hours)
	}
	if opts.JSON {
		return nil
	}
	return write(opts.IO.Out, budgetText(spec))
}

// designText describes the screening's design.
func designText(spec *audit.Spec) string {
	d, err := spec.Design()
	if err != nil {
		return err.Error() + "\n" // Check has refused such a design
	}
	text := spec.DescribeDesign(d)
	var out strings.Builder
	tell(&out, "Screening: %d factors in %d runs", d.Factors, text.Runs)
	if len(text.Words) == 0 {
		tell(&out, ", all combinations\n")
		return out.String()
	}
	tell(&out, ", resolution %d; %s\n", text.Resolution, strings.Join(text.Generators, "; "))
	for _, group := range text.Aliases {
		tell(&out, "  not told apart: %s\n", group)
	}
	return out.String()
}

// budgetText describes what may follow the smallest design.
func budgetText(spec *audit.Spec) string {
	var out strings.Builder
	tell(&out, "More models follow where results ask for them:")
	if spec.Screening.FoldOver {
		tell(&out, " a fold-over if two pairs of factors that matter are aliases;")
	}
	if spec.Phase != nil {
		tell(&out, " %s;", spec.Phase.Rule())
	}
	switch b := spec.Budget; {
	case b.Models > 0 && b.Hours > 0:
		tell(&out, " at most %d models and %v hours of training in all.\n", b.Models, b.Hours)
	case b.Models > 0:
		tell(&out, " at most %d models in all.\n", b.Models)
	case b.Hours > 0:
		tell(&out, " none once the models took %v hours of training.\n", b.Hours)
	default:
		tell(&out, " no budget bounds them.\n")
	}
	return out.String()
}

// hoursText returns an error for a round that a budget of hours has no room for.
func hoursText(spec *audit.Spec, spent, needed float64) error {
	return Usagef("audit: budget.hours = %v: %.2f hours are spent, and the smallest design takes about %.2f hours more: set that many, or fewer factors, seeds or epochs",
		spec.Budget.Hours, spent, needed)
}
