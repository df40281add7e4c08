package experiments

import (
	"context"
	"fmt"
	"os/exec"
	"slices"

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
	Engine  EngineInfo // of the workers
	Store   *Store
	Command func() (*exec.Cmd, error) // makes the command of a worker process, see Runner
	Device  string                    // cpu or cuda:K
	Workers int                       // models at a time, at least 1
	Threads int                       // of the CPU, per worker, at least 1
	BF16    string                    // the CPU's instructions for bfloat16, see CPUBF16
	// PerProcess is how many of them have a process in common, see Runner.
	PerProcess int
	// Tell hears what is about to be measured, which takes seconds; nil: nobody.
	Tell func(string)

	Trials []Trial // by which Choose chose Workers; none elsewhere
	chosen shape   // of the models in them
}

func (e Estimator) tell(format string, args ...any) {
	if e.Tell != nil {
		e.Tell(fmt.Sprintf(format, args...))
	}
}

// shape is what the time of a training step depends on.
type shape struct {
	width int
	image triggers.Shape
	batch int
	// defense is what is done to batches, see Cell.batchDefense.
	defense   string
	precision string
}

func (c Cell) shape() shape {
	return shape{width: c.Model.Width, image: c.Data.Shape, batch: c.Training.Batch, defense: c.batchDefense(), precision: c.Training.Precision}
}

// Estimate adds up what is left of a sweep. The time is that of training and
// evaluation; loading and waiting for single games are not in it. Where the
// store has no timing of a shape on this kind of machine, a few steps are
// trained to get one.
func (e Estimator) Estimate(ctx context.Context, sweep *Sweep) (*Estimate, error) {
	left, stage, err := e.left(sweep, false)
	if err != nil {
		return nil, err
	}
	estimate := &Estimate{Stored: len(stage.Wants) - len(left), Workers: max(1, e.Workers), Trials: e.Trials, Speeds: []Speed{}}
	speeds, err := e.speeds(ctx, left)
	if err != nil {
		return nil, err
	}
	busy := make([]float64, estimate.Workers) // seconds, by worker
	for _, cell := range left {
		speed := speeds[cell.shape()]
		speed.Models++
		estimate.Models++
		estimate.Steps += cell.steps()
		estimate.Images += cell.TrainedImages()
		next := slices.Index(busy, slices.Min(busy))
		busy[next] += cell.work() / speed.ImagesPerSecond
	}
	estimate.Seconds = slices.Max(busy)
	estimate.AtMost = estimate.Models + stage.redraws()
	for _, cell := range left {
		if speed, ok := speeds[cell.shape()]; ok {
			estimate.Speeds = append(estimate.Speeds, *speed)
			delete(speeds, cell.shape())
		}
	}
	return estimate, nil
}

// steps is the number of optimiser steps of a cell, give or take one per epoch.
func (c Cell) steps() int64 {
	var steps int64
	batch := c.Training.Batch
	c.planned(c.own(), func(rows, epochs int) { steps += int64(epochs) * int64((rows+batch-1)/batch) })
	return steps
}

// work is what a cell costs in images through the training step. A prediction
// is a forward pass, a third of a step; every held-out image is predicted, and
// the attackers' once more with their triggers.
func (c Cell) work() float64 {
	heldOut := float64(c.Game.PoolSize) * c.Game.HeldOut
	probes := heldOut * (c.Game.DefenderShare + 2*(1-c.Game.DefenderShare))
	work := float64(c.TrainedImages()) + probes/3
	if c.Inquiry != nil {
		each := float64(c.unlearned()) + probes/3
		work += (float64(c.rows(len(c.Game.Attackers)))+probes)/3 + each*float64(len(c.Game.Attackers)) // features of rows and probes
	}
	return work
}

// redraws is the largest number of single games that may still be added.
func (s *Stage) redraws() int {
	open := map[string]int{}
	for _, plan := range s.Plans {
		for id, draws := range plan.Draws {
			if plan.open(id) {
				open[draws[len(draws)-1].Cell] = MaxDraws - len(draws)
			}
		}
	}
	sum := 0
	for _, n := range open {
		sum += n
	}
	return sum
}
