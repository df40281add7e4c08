package estimate

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"backfire/experiments/runner"
	"backfire/experiments/worker"
)

// gauge has models of one shape train on noise, side by side as they would in a
// run, and tells how fast they are together. Worker processes do it: their memory
// is free again afterwards.
type throughputProbe struct {
	Command    func() (*exec.Cmd, error)
	PerProcess int        // models in one process, at least 1
	Job        worker.Job // of each model

	processes []*runner.Process
	models    int
	told      chan sample
	over      chan struct{}
}

// gauged is what a model tells.
type sample struct {
	model int
	speed float64 // images per second since it told the last time
	err   error   // the model is not there any more
}

// newGauge returns a gauge without models.
func newThroughputProbe(command func() (*exec.Cmd, error), perProcess int, job worker.Job) *throughputProbe {
	job.Measure = true
	return &throughputProbe{Command: command, PerProcess: max(1, perProcess), Job: job, told: make(chan sample), over: make(chan struct{})}
}

// grow adds models until there are n, and returns how many images per second go
// through all of them together. After an error the gauge is of no use.
func (g *throughputProbe) measureWith(ctx context.Context, n int) (float64, error) {
	cores := runner.Pins(g.Job.Device, n, g.Job.Threads)
	for ; g.models < n; g.models++ {
		if g.models%g.PerProcess == 0 {
			command, err := g.Command()
			if err != nil {
				return 0, err
			}
			worker, err := runner.StartProcess(command, runner.Pin(cores, g.models))
			if err != nil {
				return 0, err
			}
			g.processes = append(g.processes, worker)
		}
		worker, number := g.processes[len(g.processes)-1], g.models+1
		given := worker.Assign(number, g.Job)
		go g.listen(worker, given, number)
	}
	// The first round says that all are at it, the second how fast they are.
	speeds := map[int]float64{}
	for range 2 {
		for clear(speeds); len(speeds) < n; {
			select {
			case <-ctx.Done():
				return 0, fmt.Errorf("%w: %w", runner.ErrInterrupted, ctx.Err())
			case heard := <-g.told:
				if heard.err != nil {
					return 0, heard.err
				}
				speeds[heard.model] = heard.speed
			}
		}
	}
	var sum float64
	for _, speed := range speeds {
		sum += speed
	}
	return sum, nil
}

// listen hands on what a model tells, until it or the gauge ends.
func (g *throughputProbe) listen(w *runner.Process, given *runner.Assignment, model int) {
	for {
		heard := sample{model: model}
		select {
		case <-w.Ended:
			heard.err = errors.Join(w.ExitError(), given.Sent)
		case event := <-given.Events:
			heard.speed = event.ImagesPerSecond
			if event.Kind == worker.KindFailed {
				heard.err = errors.New(event.Error)
			}
		}
		select {
		case g.told <- heard:
		case <-g.over:
			return
		}
		if heard.err != nil {
			return
		}
	}
}

// close ends all models.
func (g *throughputProbe) close() {
	close(g.over)
	for _, worker := range g.processes {
		worker.Close()
	}
}
