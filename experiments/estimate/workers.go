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

// Trial is one measurement of models that train side by side on a GPU.
type Trial struct {
	Models          int     `json:"models"`
	ImagesPerSecond float64 `json:"images_per_second"` // of all together
}

const (
	// worthwhile is the factor by which twice as many models must be faster for their number to
	// rise.
	worthwhile = 1.1
	// trialLimit is how long a measurement of more than one model may take. A second or two is
	// usual; models that need longer are not worth their number.
	trialLimit = 20 * time.Second
	// tooShort is the duration of the work, in seconds, below which nothing more is measured.
	tooShort = 60
)

// ChooseWorkers finds how many models to train at a time on a GPU, up to Workers, and returns the
// estimator with that number in Workers and PerProcess. It trains 1, 2, 4, ... models of the
// sweep's most frequent shape on noise, as long as twice as many are clearly faster together and
// fit into the memory. With one worker or one model left there is nothing to choose, and for the
// work of a minute no more is measured. With shared the store is listed and not read, because many
// runners do so at a time. The error wraps runner.ErrInterrupted when ctx ends.
func (e Estimator) ChooseWorkers(ctx context.Context, sweep *plan.Sweep, shared bool) (Estimator, error) {
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
	probe := newThroughputProbe(e.Command, runner.PerProcess(e.Device, most), worker.Setup{Cell: cell, Device: e.Device, Threads: e.Threads, Module: e.Store.ModulePath(cell)})
	defer probe.close()
	e.chosen = cell.StepKind()
	e.Workers, e.Trials, err = chooseWorkers(most, work, func(n int) (float64, error) {
		e.tell("measuring how fast %s trains, %d at a time", cell.Model.Short(), n)
		if n == 1 {
			return probe.measureWith(ctx, n)
		}
		return within(ctx, trialLimit, func(ctx context.Context) (float64, error) { return probe.measureWith(ctx, n) })
	})
	if err != nil {
		return e, fmt.Errorf("estimate: measure the speed of %s: %w", cell.Model.Short(), err)
	}
	e.PerProcess = runner.PerProcess(e.Device, e.Workers)
	return e, nil
}

// chooseWorkers tries 1, 2, 4, ... models, up to most, and returns how many pay, with the
// measurements. A number that fails was too large: the models do not fit into the memory. work is
// the work to do, in images.
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

// within measures a speed within a time limit. Exceeding the limit is another error than an
// interruption.
func within(ctx context.Context, limit time.Duration, speed func(context.Context) (float64, error)) (float64, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	measured, err := speed(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return 0, fmt.Errorf("no speed after %v", limit)
	}
	return measured, err
}

// left returns the cells of a sweep's worklist that are still to be trained. With shared the store
// is listed and not read.
func (e Estimator) left(sweep *plan.Sweep, shared bool) ([]cell.Cell, *plan.Worklist, error) {
	known, results := plan.Known{}, plan.ResultReader(plan.NewCachedReader(e.Store))
	if shared {
		var err error
		if results, err = plan.NewListing(e.Store); err != nil {
			return nil, nil, err
		}
	}
	worklist, err := plan.Resolve(sweep, results, known)
	if err != nil {
		return nil, nil, err
	}
	var left []cell.Cell
	for _, task := range worklist.Tasks {
		if _, ok := known[task.Hash]; !ok {
			left = append(left, task.Cell)
		}
	}
	return left, worklist, nil
}

// mostFrequent returns a cell of the shape that most of the cells have.
func mostFrequent(cells []cell.Cell) cell.Cell {
	count := map[cell.StepKind]int{}
	for _, cell := range cells {
		count[cell.StepKind()]++
	}
	return slices.MaxFunc(cells, func(a, b cell.Cell) int { return cmp.Compare(count[a.StepKind()], count[b.StepKind()]) })
}
