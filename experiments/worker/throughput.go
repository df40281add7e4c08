package worker

import (
	"context"
	"time"

	"backfire/internal/hardware"
	"backfire/internal/streams"
)

// measureFor is the shortest time over which a speed is measured.
const measureFor = 300 * time.Millisecond

// The training steps between two looks at the clock. On a GPU, steps are recorded first and short.
const (
	measuredSteps    = 2
	measuredStepsGPU = 50
)

// measure trains a model of the cell's shape on noise until ctx ends. Meanwhile it reports how many
// images per second go through the training step.
func (w *Worker) measure(ctx context.Context, request Measure, report func(Event)) error {
	const endless = 1_000_000
	c := request.Cell
	rows := measuredStepsGPU * c.Training.Batch
	if request.Device == hardware.CPU.String() {
		rows = measuredSteps * c.Training.Batch
	}
	c.Training.Epochs = endless
	noise := streams.New(c.Game.Seed, "noise")
	images, labels := make([]uint8, rows*c.Data.Shape.Size()), make([]uint8, rows)
	for i := range images {
		images[i] = uint8(noise.UintN(256))
	}
	for i := range labels {
		labels[i] = uint8(noise.IntN(len(c.Data.Classes)))
	}
	norm := normalization(images, c.Data.Shape)
	model, err := w.Engine.NewModel(ModelOptions{
		Cell: c, Images: rows, Mean: norm.Mean, Std: norm.Std, Device: request.Device, Threads: request.Threads,
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
		shuffled(order, c.TrainingSeed(), epoch)
		if _, err := model.Epoch(order, func(int) error { return ctx.Err() }); err != nil {
			return err
		}
		if done++; epoch == 0 {
			begin, done = time.Now(), 0 // the first epoch warms up
		}
		if passed := time.Since(begin); done > 0 && passed >= measureFor {
			report(Event{Kind: KindSpeed, ImagesPerSecond: perSecond(done*c.PassingImages(rows), passed.Seconds())})
			begin, done = time.Now(), 0
		}
	}
	return nil
}
