package experiments

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"backfire/internal/hardware"
	"backfire/internal/streams"
)

// measureFor is the least time that a measurement of one speed takes.
const measureFor = 500 * time.Millisecond

// gauge has models of one shape train on noise, side by side as they would in a
// run, and tells how fast they are together. Worker processes do it: their memory
// is free again afterwards.
type gauge struct {
	Command    func() (*exec.Cmd, error)
	PerProcess int // models in one process, at least 1
	Job        Job // of each model

	processes []*process
	models    int
	told      chan gauged
	over      chan struct{}
}

// gauged is what a model tells.
type gauged struct {
	model int
	speed float64 // images per second since it told the last time
	err   error   // the model is not there any more
}

// newGauge returns a gauge without models.
func newGauge(command func() (*exec.Cmd, error), perProcess int, job Job) *gauge {
	job.Measure = true
	return &gauge{Command: command, PerProcess: max(1, perProcess), Job: job, told: make(chan gauged), over: make(chan struct{})}
}

// grow adds models until there are n, and returns how many images per second go
// through all of them together. After an error the gauge is of no use.
func (g *gauge) grow(ctx context.Context, n int) (float64, error) {
	cores := pins(g.Job.Device, n, g.Job.Threads)
	for ; g.models < n; g.models++ {
		if g.models%g.PerProcess == 0 {
			command, err := g.Command()
			if err != nil {
				return 0, err
			}
			worker, err := startProcess(command, pin(cores, g.models))
			if err != nil {
				return 0, err
			}
			g.processes = append(g.processes, worker)
		}
		worker, number := g.processes[len(g.processes)-1], g.models+1
		given := worker.assign(number, g.Job)
		go g.listen(worker, given, number)
	}
	// The first round says that all are at it, the second how fast they are.
	speeds := map[int]float64{}
	for range 2 {
		for clear(speeds); len(speeds) < n; {
			select {
			case <-ctx.Done():
				return 0, fmt.Errorf("%w: %w", ErrInterrupted, ctx.Err())
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
func (g *gauge) listen(worker *process, given *assignment, model int) {
	for {
		heard := gauged{model: model}
		select {
		case <-worker.ended:
			heard.err = errors.Join(worker.obituary(), given.sent)
		case event := <-given.events:
			heard.speed = event.ImagesPerSecond
			if event.Kind == KindFailed {
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
func (g *gauge) close() {
	close(g.over)
	for _, worker := range g.processes {
		worker.close()
	}
}

// Steps of an epoch on noise. On a CPU one may take a second. On a GPU it takes
// so little that what is done once per epoch must not count.
const (
	gaugeSteps    = 2
	gaugeStepsGPU = 50
)

// measure trains a model of the job's shape on noise until it is told to leave off.
// Meanwhile it tells how many images per second go through the training step.
func (w *Worker) measure(ctx context.Context, job Job, tell func(Event)) error {
	const endless = 1_000_000
	cell := job.Cell
	rows := gaugeStepsGPU * cell.Training.Batch
	if job.Device == hardware.CPU.String() {
		rows = gaugeSteps * cell.Training.Batch
	}
	cell.Training.Epochs = endless
	noise := streams.New(cell.Game.Seed, "noise")
	images, labels := make([]uint8, rows*cell.Data.Shape.Size()), make([]uint8, rows)
	for i := range images {
		images[i] = uint8(noise.UintN(256))
	}
	for i := range labels {
		labels[i] = uint8(noise.IntN(len(cell.Data.Classes)))
	}
	norm := normalization(images, cell.Data.Shape)
	model, err := w.Engine.NewModel(ModelOptions{
		Cell: cell, Images: rows, Mean: norm.Mean, Std: norm.Std, Device: job.Device, Threads: job.Threads,
	})
	if err != nil {
		return err
	}
	defer model.Close()
	if err := model.Upload(images, labels); err != nil {
		return err
	}
	order := make([]int32, rows)
	begin, done := time.Now(), 0
	for epoch := range endless {
		shuffled(order, cell.Game.Seed, epoch)
		if _, err := model.Epoch(order, func(int) error { return ctx.Err() }); err != nil {
			return err
		}
		if done++; epoch == 0 {
			begin, done = time.Now(), 0 // it warmed up
		}
		if passed := time.Since(begin); done > 0 && passed >= measureFor {
			tell(Event{Kind: KindSpeed, ImagesPerSecond: perSecond(done*cell.passing(rows), passed.Seconds())})
			begin, done = time.Now(), 0
		}
	}
	return nil
}
