package cli

import (
	"context"

	"backfire/config"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/summary"
)

// estimated returns the runner of a sweep and what it costs, which it shows.
func (t *training) estimated(ctx context.Context, opts *SweepOptions, sweep *plan.Sweep) (*runner.Runner, *estimate.Estimate, error) {
	r, estimator, err := t.runner(ctx, sweep, false)
	if err != nil {
		return nil, nil, err
	}
	cost, err := opts.Estimate(ctx, estimator, sweep)
	if err != nil {
		return nil, nil, err
	}
	return r, cost, showEstimate(opts, cost)
}

// play trains a sweep, as [training.run] does, while the store notes that it is live, and shows the
// outcome. note writes what "backfire serve" needs to follow it.
func (t *training) play(ctx context.Context, r *runner.Runner, sweep *plan.Sweep, note func() error, show func(*runner.Outcome, bool) ([]plan.Missing, error)) error {
	return t.hold(sweep, func() error {
		if err := note(); err != nil {
			return err
		}
		return t.run(
			r, func() (*runner.Outcome, error) { return r.RunSweep(ctx, sweep) },
			func(outcome *runner.Outcome, interrupted bool) ([]plan.Missing, error) {
				if err := t.board.WriteStored(sweep); err != nil {
					return nil, err
				}
				return show(outcome, interrupted)
			})
	})
}

// noting returns the function that notes the plan of a sweep for "backfire serve".
func (t *training) noting(ctx context.Context, opts *SweepOptions, file *config.Sweep, sweep *plan.Sweep) func() error {
	return func() error { return t.notePlan(ctx, opts, file, sweep) }
}

// step is one of the sweeps that stored results ask for in turn: everything that was played before, and what
// follows from that.
type step struct {
	file    *config.Sweep
	sweep   *plan.Sweep
	summary *summary.Summary
}

// playStep plays a step and reports whether results then ask for another one, which next returns. If not, it shows
// the answers.
func (t *training) playStep(
	ctx context.Context, opts *SweepOptions, r *runner.Runner, s *step, next func(context.Context) (*step, error), output *sweepOutput,
) (again bool, err error) {
	output.sweep, output.file = s.sweep, s.file
	err = t.play(ctx, r, s.sweep, t.noting(ctx, opts, s.file, s.sweep), func(outcome *runner.Outcome, interrupted bool) ([]plan.Missing, error) {
		var err error // of the stored results
		if again, err = t.asksForMore(ctx, s, outcome, interrupted, next); err != nil || again {
			return nil, err
		}
		return output.show(ctx, outcome, interrupted)
	})
	return again, err
}

// asksForMore reports whether, after a step that is whole, the next one misses models. The step's note is then
// removed, because the next one has the same results.
func (t *training) asksForMore(
	ctx context.Context, s *step, outcome *runner.Outcome, interrupted bool, next func(context.Context) (*step, error),
) (bool, error) {
	if interrupted || len(outcome.Failed) > 0 || len(outcome.Missing) > 0 {
		return false, nil
	}
	following, err := next(ctx)
	if err != nil || len(following.summary.Missing) == 0 {
		return false, err
	}
	return true, runner.End(s.sweep, t.store)
}
