package experiments

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/cpuid/v2"

	"backfire/streams"
)

// enoughTimings is how many stored timings of one shape are looked at.
const enoughTimings = 25

// measureFor is the least time that a measurement of one shape takes.
const measureFor = time.Second

// speeds finds out how fast models of each of the cells' shapes train.
func (e Estimator) speeds(ctx context.Context, cells []Cell) (map[shape]*Speed, error) {
	stored, err := e.storedSpeeds(cells)
	if err != nil {
		return nil, err
	}
	speeds := map[shape]*Speed{}
	for _, cell := range cells {
		key := cell.shape()
		if speeds[key] != nil {
			continue
		}
		speed := &Speed{Width: key.width, Shape: key.image, Batch: key.batch, Source: SpeedStored}
		if key.defense != "" {
			speed.Defense = cell.BatchStack().String()
		}
		if timings := stored[key]; len(timings) > 0 {
			slices.Sort(timings)
			speed.ImagesPerSecond = timings[len(timings)/2]
		} else if speed.ImagesPerSecond, err = e.measure(ctx, cell); err != nil {
			return nil, err
		} else {
			speed.Source = SpeedMeasured
		}
		speeds[key] = speed
	}
	return speeds, nil
}

// storedSpeeds collects, by shape, the images per second of models in the store
// that were trained on this kind of machine. Results that are not whole are
// passed over: nothing but the estimate depends on them.
func (e Estimator) storedSpeeds(cells []Cell) (map[shape][]float64, error) {
	timings := map[shape][]float64{}
	lacking := map[shape]bool{}
	for _, cell := range cells {
		lacking[cell.shape()] = true
	}
	if len(lacking) == 0 {
		return timings, nil
	}
	entries, err := os.ReadDir(e.Store.Dir())
	if err != nil {
		return nil, fmt.Errorf("experiments: estimate: %w", err)
	}
	for _, entry := range entries {
		dir := filepath.Join(e.Store.Dir(), entry.Name())
		var environment Environment
		if readJSON(filepath.Join(dir, EnvironmentFile), &environment) != nil || !e.like(environment) {
			continue
		}
		result, err := readResult(dir)
		if err != nil || result.Run.ImagesPerSecond <= 0 {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, CellFile))
		if err != nil {
			continue
		}
		cell, err := ParseCell(data)
		if err != nil {
			continue
		}
		key := cell.shape()
		if timings[key] = append(timings[key], result.Run.ImagesPerSecond); len(timings[key]) == enoughTimings {
			if delete(lacking, key); len(lacking) == 0 {
				break
			}
		}
	}
	return timings, nil
}

// like says whether something was trained on the kind of machine and with the
// engine that this is.
func (e Estimator) like(other Environment) bool {
	kind := func(device string) string { name, _, _ := strings.Cut(device, ":"); return name }
	if kind(other.Device) != kind(e.Device) || other.Engine.Name != e.Engine.Name || other.Engine.Version != e.Engine.Version {
		return false
	}
	if kind(e.Device) == "cpu" {
		return other.CPU.Model == cpuid.CPU.BrandName && other.Threads == e.Threads
	}
	return slices.Equal(other.Engine.GPUs, e.Engine.GPUs)
}

// measure has models of a cell's shape trained on noise, one per worker at the
// same time, as they would be in a run, and returns the images per second of
// one. Worker processes do it: their memory is free again afterwards.
func (e Estimator) measure(ctx context.Context, cell Cell) (float64, error) {
	speeds, errs := make([]float64, e.Workers), make([]error, e.Workers)
	var all sync.WaitGroup
	for i := range e.Workers {
		all.Go(func() { speeds[i], errs[i] = e.measureOne(ctx, cell) })
	}
	all.Wait()
	var sum float64
	for i, speed := range speeds {
		if errs[i] != nil {
			return 0, fmt.Errorf("experiments: measure the speed of width %d: %w", cell.Model.Width, errs[i])
		}
		sum += speed
	}
	return sum / float64(e.Workers), nil
}

// measureOne has one worker process train one model on noise.
func (e Estimator) measureOne(ctx context.Context, cell Cell) (float64, error) {
	command, err := e.Command()
	if err != nil {
		return 0, err
	}
	worker, err := startProcess(command)
	if err != nil {
		return 0, err
	}
	defer worker.close()
	sendErr := worker.send(Job{Cell: cell, Device: e.Device, Threads: e.Threads, Measure: true})
	select {
	case <-ctx.Done():
		return 0, fmt.Errorf("%w: %w", ErrInterrupted, ctx.Err())
	case event, alive := <-worker.events:
		switch {
		case !alive:
			return 0, errors.Join(worker.obituary(), sendErr)
		case event.Kind == KindFailed:
			return 0, errors.New(event.Error)
		default:
			return event.ImagesPerSecond, nil
		}
	}
}

// measure trains a model of the job's shape on noise, in epochs of two steps, and
// tells how many images per second go through the training step.
func (w *Worker) measure(ctx context.Context, job Job, tell func(Event)) error {
	const stepsPerEpoch, endless = 2, 1_000_000
	cell := job.Cell
	rows := stepsPerEpoch * cell.Training.Batch
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
	var begin time.Time
	for epoch := 0; ; epoch++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if epoch == 1 {
			begin = time.Now() // the first one warmed up
		}
		shuffled(order, cell.Game.Seed, epoch)
		if _, err := model.Epoch(order, func(int) {}); err != nil {
			return err
		}
		if epoch == 0 {
			continue
		}
		if passed := time.Since(begin); passed >= measureFor {
			tell(Event{Kind: KindSpeed, ImagesPerSecond: perSecond(epoch*cell.passing(rows), passed.Seconds())})
			return nil
		}
	}
}
