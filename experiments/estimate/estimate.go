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

// Estimate is the expected cost of a sweep on this machine.
type Estimate struct {
	// Models counts the models to train, each game with the triggers that its attackers try now.
	// AtMost is their number if every trigger that is not decided yet is drawn plan.MaxDraws times.
	Models  int     `json:"models"`
	AtMost  int     `json:"at_most"`
	Stored  int     `json:"stored"`  // models that are stored
	Steps   int64   `json:"steps"`   // optimiser steps, for Models
	Images  int64   `json:"images"`  // through the training step, for Models
	Seconds float64 `json:"seconds"` // until Models are trained
	// SurrogateImages counts the images that pass through the training steps of the surrogates of adversarial
	// triggers, for Models. Seconds does not contain them.
	SurrogateImages int64 `json:"surrogate_images,omitempty"`
	// SecondsAtLeast and SecondsAtMost are that time at the fastest and the slowest of each shape's
	// speeds.
	SecondsAtLeast float64 `json:"seconds_at_least"`
	SecondsAtMost  float64 `json:"seconds_at_most"`
	// UpperBound reports that trainings may end early (train.stop_when), so that Steps, Images and
	// Seconds are the most that they may be.
	UpperBound bool `json:"upper_bound,omitempty"`
	// Workers is the number of models that are trained at a time.
	Workers int `json:"workers"`
	// Devices is the number of GPUs that they are trained on; 0: one device.
	Devices int `json:"devices,omitempty"`
	// Trials are the measurements that decided that number, on a GPU.
	Trials []Trial `json:"trials,omitempty"`
	Speeds []Speed `json:"speeds"` // one per shape, in the order of the sweep
}

// Speed is the speed of training models of one shape on this machine.
type Speed struct {
	// Network is that of the models, see cell.Model.Short, and Width its width; 0, and not written: it is a module.
	Network string         `json:"network"`
	Width   int            `json:"width,omitempty"`
	Shape   triggers.Shape `json:"shape"`
	Batch   int            `json:"batch"`
	// Defense names the defenses that change batches; empty: none.
	Defense string `json:"defense,omitempty"`
	// Precision is that of the cells; empty: fp32.
	Precision string `json:"precision,omitempty"`
	Models    int    `json:"models"` // to train
	// ImagesPerSecond is the number of images that go through the training step of one worker while
	// all workers train.
	// It is the median of stored speeds, or the best of the measured ones.
	ImagesPerSecond float64 `json:"images_per_second"`
	// Slowest and Fastest are the quartiles of stored speeds, or the extremes of the measured ones.
	Slowest float64 `json:"slowest_images_per_second"`
	Fastest float64 `json:"fastest_images_per_second"`
	Source  string  `json:"source"` // SpeedStored or SpeedMeasured
}

// The sources of a Speed.
const (
	SpeedStored   = "stored"   // from stored results of models of this shape that were trained here
	SpeedMeasured = "measured" // from a few steps, trained for the estimate
)

// Estimator describes the machine that a sweep is to be trained on.
type Estimator struct {
	Engine  store.EngineInfo // of the workers
	Store   *store.Store
	Command func() (*exec.Cmd, error) // makes the command of a worker process, see runner.Runner
	Device  string                    // cpu or cuda:K
	Workers int                       // models at a time, at least 1
	Threads int                       // of the CPU, per worker, at least 1
	BF16    string                    // the CPU's instructions for bfloat16, see hardware.CPUBF16
	// PerProcess is the number of workers that share a process, see runner.PerProcess. 0 is taken
	// as 1.
	PerProcess int
	// Devices is the number of devices like Device that train side by side, each with Workers
	// models. 0 is taken as 1.
	Devices int
	// Measured, if not nil, has what estimators of the same machine and number of workers have measured. It
	// is not measured again, and what is measured is added.
	Measured Measured
	// Tell, if not nil, is called before each measurement, which takes seconds.
	Tell func(string)

	Trials []Trial       // that ChooseWorkers decided Workers by; none otherwise
	chosen cell.StepKind // of the models in them
}

func (e Estimator) tell(format string, args ...any) {
	if e.Tell != nil {
		e.Tell(fmt.Sprintf(format, args...))
	}
}

// Estimate adds up what is left of a sweep. The time covers training and evaluation, not loading or
// waiting for single games. Where the store has fewer than fewestTimings times of a shape on
// this kind of machine, a few steps are trained to get one, measuredRounds times in turn with the other shapes. The error wraps runner.ErrInterrupted when ctx ends.
func (e Estimator) Estimate(ctx context.Context, sweep *plan.Sweep) (*Estimate, error) {
	left, worklist, err := e.left(sweep, false)
	if err != nil {
		return nil, err
	}
	estimate := &Estimate{Stored: len(worklist.Tasks) - len(left), Workers: max(1, e.Workers) * max(1, e.Devices), Trials: e.Trials, Speeds: []Speed{}}
	if e.Devices > 1 {
		estimate.Devices = e.Devices
	}
	speeds, err := e.speeds(ctx, left)
	if err != nil {
		return nil, err
	}
	for _, cell := range left {
		speed := speeds[cell.StepKind()]
		speed.Models++
		estimate.Models++
		estimate.UpperBound = estimate.UpperBound || cell.Training.StopWhen != ""
		estimate.Steps += cell.Steps()
		estimate.Images += cell.TrainedImages()
		for _, a := range cell.Game.Attackers {
			estimate.SurrogateImages += a.SurrogateImages()
		}
	}
	estimate.Seconds = elapsed(left, estimate.Workers, func(kind cell.StepKind) float64 { return speeds[kind].ImagesPerSecond })
	// Faster models can leave the workers with a worse order of what is left, hence the bounds.
	fastest := elapsed(left, estimate.Workers, func(kind cell.StepKind) float64 { return speeds[kind].Fastest })
	slowest := elapsed(left, estimate.Workers, func(kind cell.StepKind) float64 { return speeds[kind].Slowest })
	estimate.SecondsAtLeast, estimate.SecondsAtMost = min(fastest, estimate.Seconds), max(slowest, estimate.Seconds)
	estimate.AtMost = estimate.Models + worklist.Redraws()
	for _, cell := range left {
		if speed, ok := speeds[cell.StepKind()]; ok {
			estimate.Speeds = append(estimate.Speeds, *speed)
			delete(speeds, cell.StepKind())
		}
	}
	return estimate, nil
}

// elapsed returns the seconds until workers have trained all cells, each worker taking the next cell
// when it is done with one, with a speed in images per second by shape.
func elapsed(cells []cell.Cell, workers int, speed func(cell.StepKind) float64) float64 {
	busy := make([]float64, workers)
	for _, cell := range cells {
		busy[slices.Index(busy, slices.Min(busy))] += cell.Work() / speed(cell.StepKind())
	}
	return slices.Max(busy)
}
