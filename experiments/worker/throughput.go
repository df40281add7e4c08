package worker

import (
	"context"
	"time"

	"backfire/internal/hardware"
	"backfire/internal/streams"
)

// measureFor is the least time that a measurement of one speed takes.
const measureFor = 500 * time.Millisecond

const gaugeSteps = 2

const gaugeStepsGPU = 50

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
			tell(Event{Kind: KindSpeed, ImagesPerSecond: perSecond(done*cell.PassingImages(rows), passed.Seconds())})
			begin, done = time.Now(), 0
		}
	}
	return nil
}
