package estimate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/worker"
)

// Trial is how fast models train side by side on a GPU.
type Trial struct {
	Models          int     `json:"models"`
	ImagesPerSecond float64 `json:"images_per_second"` // of all together
}

const (
	// worthwhile is how many times as fast twice as many models must be for their
	// number to rise.
	worthwhile = 1.1
	// trialLimit is how long more than one model may take to show their speed. A
	// second or two is usual; what takes longer is no way to get on faster.
	trialLimit = 20 * time.Second
	// tooShort is the work, in seconds, for which nothing is measured any more.
	tooShort = 60
)

// Choose finds out how many models to train at a time on a GPU, up to Workers: it
// has 1, 2, 4, ... models of the sweep's most frequent shape train on noise, as
// long as twice as many are clearly faster together and fit into the memory. It
// returns the estimator with that number. With one worker or one model left there
// is nothing to choose, and for work of a minute nothing is measured. shared says
// that many look at the store at a time.
func (e Estimator) Choose(ctx context.Context, sweep *plan.Sweep, shared bool) (Estimator, error) {
	left, _, err := e.left(sweep, shared)
	if err != nil {
		return e, err
	}
	most := min(e.Workers, len(left))
	if most <= 1 {
		return e, nil
	}
	cell := mostFrequent(left)
	var work float64 // in images of models of this shape
	for _, each := range left {
		work += each.Cost() / cell.Cost() * cell.Work()
	}
	gauge := newThroughputProbe(e.Command, runner.PerProcess(e.Device, most), worker.Job{Cell: cell, Device: e.Device, Threads: e.Threads})
	defer gauge.close()
	e.chosen = cell.StepKind()
	e.Workers, e.Trials, err = chooseWorkers(most, work, func(n int) (float64, error) {
		e.tell("measuring how fast width %d trains, %d at a time", cell.Model.Width, n)
		if n == 1 {
			return gauge.measureWith(ctx, n)
		}
		return within(ctx, trialLimit, func(ctx context.Context) (float64, error) { return gauge.measureWith(ctx, n) })
	})
	if err != nil {
		return e, fmt.Errorf("experiments: measure the speed of width %d: %w", cell.Model.Width, err)
	}
	e.PerProcess = runner.PerProcess(e.Device, e.Workers)
	return e, nil
}

// worth tries 1, 2, 4, ... models, up to most, and returns how many pay, with what
// was measured. A number that fails was too many: there is no room for them. Work
// is what is to be trained, in images.
func chooseWorkers(most int, work float64, speed func(models int) (float64, error)) (int, []Trial, error) {
	var trials []Trial
	for n := 1; ; n = min(2*n, most) {
		measured, err := speed(n)
		switch {
		case err != nil && n == 1:
			return 0, nil, err
		case err != nil && errors.Is(err, runner.ErrInterrupted):
			return 0, nil, err
		case err != nil:
			return trials[len(trials)-1].Models, trials, nil
		}
		trials = append(trials, Trial{n, measured})
		switch {
		case n > 1 && measured < worthwhile*trials[len(trials)-2].ImagesPerSecond:
			return trials[len(trials)-2].Models, trials, nil
		case n == most || work < tooShort*measured:
			return most, trials, nil
		}
	}
}

// within measures a speed that shows in time or not at all. That it did not is
// another error than an interruption.
func within(ctx context.Context, limit time.Duration, speed func(context.Context) (float64, error)) (float64, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	measured, err := speed(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return 0, fmt.Errorf("no speed after %v", limit)
	}
	return measured, err
}

// left are the cells of a sweep's stage that are still to be trained. With shared
// the store is looked at as many runners do.
func (e Estimator) left(sweep *plan.Sweep, shared bool) ([]cell.Cell, *plan.Worklist, error) {
	found, results := plan.Known{}, plan.ResultReader(plan.NewCachedReader(e.Store))
	if shared {
		var err error
		if results, err = plan.NewListing(e.Store); err != nil {
			return nil, nil, err
		}
	}
	stage, err := plan.Resolve(sweep, results, found)
	if err != nil {
		return nil, nil, err
	}
	var left []cell.Cell
	for _, want := range stage.Tasks {
		if _, ok := found[want.Hash]; !ok {
			left = append(left, want.Cell)
		}
	}
	return left, stage, nil
}

// mostFrequent is a cell of the shape that most of the cells have.
func mostFrequent(cells []cell.Cell) cell.Cell {
	count := map[cell.StepKind]int{}
	for _, cell := range cells {
		count[cell.StepKind()]++
	}
	return slices.MaxFunc(cells, func(a, b cell.Cell) int { return cmp.Compare(count[a.StepKind()], count[b.StepKind()]) })
}
