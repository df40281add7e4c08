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

// asksForMore reports whether, after a sweep that is whole, the summary of the next one misses models. The
// sweep's note is then removed, because the next one has the same results.
func (t *training) asksForMore(sweep *plan.Sweep, outcome *runner.Outcome, interrupted bool, next func() (*summary.Summary, error)) (bool, error) {
	if interrupted || len(outcome.Failed) > 0 || len(outcome.Missing) > 0 {
		return false, nil
	}
	sum, err := next()
	if err != nil || len(sum.Missing) == 0 {
		return false, err
	}
	return true, runner.End(sweep, t.store)
}
