package estimate

import (
	"context"
	"fmt"
	"os/exec"
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/triggers"
)

// Estimate is what a sweep will cost on this machine.
type Estimate struct {
	// Models counts the models to train, each game with the triggers that its
	// attackers try now. AtMost is what they can become if every trigger that
	// is not decided yet is drawn MaxDraws times.
	Models  int     `json:"models"`
	AtMost  int     `json:"at_most"`
	Stored  int     `json:"stored"`  // models that the store has
	Steps   int64   `json:"steps"`   // optimiser steps, for Models
	Images  int64   `json:"images"`  // through the training step, for Models
	Seconds float64 `json:"seconds"` // until Models are trained
	// Workers is how many are trained at a time.
	Workers int `json:"workers"`
	// Trials are the measurements by which that number was chosen, on a GPU.
	Trials []Trial `json:"trials,omitempty"`
	Speeds []Speed `json:"speeds"` // one per shape, in the order of the sweep
}

// Speed is how fast models of one shape train here.
type Speed struct {
	Width int            `json:"width"`
	Shape triggers.Shape `json:"shape"`
	Batch int            `json:"batch"`
	// Defense names the defenses that change batches; empty: none.
	Defense string `json:"defense,omitempty"`
	// Precision is that of the cells; empty: fp32.
	Precision string `json:"precision,omitempty"`
	Models    int    `json:"models"` // to train
	// ImagesPerSecond goes through the training step of one worker while all
	// of them work.
	ImagesPerSecond float64 `json:"images_per_second"`
	Source          string  `json:"source"` // SpeedStored or SpeedMeasured
}

// Where a Speed comes from.
const (
	SpeedStored   = "stored"   // models of this shape that were trained here, by the store
	SpeedMeasured = "measured" // a few steps, taken for the estimate
)

// Estimator knows what a sweep is to be trained on.
type Estimator struct {
	Engine  store.EngineInfo // of the workers
	Store   *store.Store
	Command func() (*exec.Cmd, error) // makes the command of a worker process, see Runner
	Device  string                    // cpu or cuda:K
	Workers int                       // models at a time, at least 1
	Threads int                       // of the CPU, per worker, at least 1
	BF16    string                    // the CPU's instructions for bfloat16, see CPUBF16
	// PerProcess is how many of them have a process in common, see Runner.
	PerProcess int
	// Tell hears what is about to be measured, which takes seconds; nil: nobody.
	Tell func(string)

	Trials []Trial       // by which Choose chose Workers; none elsewhere
	chosen cell.StepKind // of the models in them
}

func (e Estimator) tell(format string, args ...any) {
	if e.Tell != nil {
		e.Tell(fmt.Sprintf(format, args...))
	}
}

// Estimate adds up what is left of a sweep. The time is that of training and
// evaluation; loading and waiting for single games are not in it. Where the
// store has no timing of a shape on this kind of machine, a few steps are
// trained to get one.
func (e Estimator) Estimate(ctx context.Context, sweep *plan.Sweep) (*Estimate, error) {
	left, stage, err := e.left(sweep, false)
	if err != nil {
		return nil, err
	}
	estimate := &Estimate{Stored: len(stage.Tasks) - len(left), Workers: max(1, e.Workers), Trials: e.Trials, Speeds: []Speed{}}
	speeds, err := e.speeds(ctx, left)
	if err != nil {
		return nil, err
	}
	busy := make([]float64, estimate.Workers) // seconds, by worker
	for _, cell := range left {
		speed := speeds[cell.StepKind()]
		speed.Models++
		estimate.Models++
		estimate.Steps += cell.Steps()
		estimate.Images += cell.TrainedImages()
		next := slices.Index(busy, slices.Min(busy))
		busy[next] += cell.Work() / speed.ImagesPerSecond
	}
	estimate.Seconds = slices.Max(busy)
	estimate.AtMost = estimate.Models + stage.Redraws()
	for _, cell := range left {
		if speed, ok := speeds[cell.StepKind()]; ok {
			estimate.Speeds = append(estimate.Speeds, *speed)
			delete(speeds, cell.StepKind())
		}
	}
	return estimate, nil
}
