package estimate

import (
	"context"
	"fmt"
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

const (
	// fewestTimings is the number of stored times of one shape from which its speed is known. With
	// fewer, a single training on a busy machine would decide the estimate.
	fewestTimings = 3
	// enoughTimings is the number of stored times of one shape that are read.
	enoughTimings = 25
	// measuredRounds is the number of times that each shape is measured, in turn with the others.
	measuredRounds = 3
)

// Measured is the images per second that measurements found, by shape of models.
type Measured map[cell.StepKind][]float64

// speeds returns the speed of models of each of the cells' shapes, from the store or by
// measurement.
func (e Estimator) speeds(ctx context.Context, cells []cell.Cell) (map[cell.StepKind]*Speed, error) {
	stored, err := e.storedSpeeds(cells)
	if err != nil {
		return nil, err
	}
	speeds := map[cell.StepKind]*Speed{}
	var lacking []cell.Cell
	for _, cell := range cells {
		key := cell.StepKind()
		if speeds[key] != nil {
			continue
		}
		speed := &Speed{Network: cell.Model.Short(), Width: key.Width, Shape: key.Image, Batch: key.Batch, Precision: key.Precision}
		if key.Defense != "" {
			speed.Defense = cell.BatchStack().String()
		}
		if timings := stored[key]; len(timings) >= fewestTimings {
			speed.fromStore(timings)
		} else if rounds := e.Measured[key]; len(rounds) > 0 {
			speed.fromMeasurement(rounds)
		} else {
			lacking = append(lacking, cell)
		}
		speeds[key] = speed
	}
	measured, err := e.measureInTurn(ctx, lacking)
	if err != nil {
		return nil, err
	}
	for i, cell := range lacking {
		speeds[cell.StepKind()].fromMeasurement(measured[i])
		if e.Measured != nil {
			e.Measured[cell.StepKind()] = measured[i]
		}
	}
	return speeds, nil
}

// fromStore sets the speed to the median of stored ones, with their quartiles as its range.
func (s *Speed) fromStore(timings []float64) {
	slices.Sort(timings)
	n := len(timings)
	s.Source, s.ImagesPerSecond = SpeedStored, timings[n/2]
	s.Slowest, s.Fastest = timings[n/4], timings[n-1-n/4]
}

// fromMeasurement sets the speed to the best of several measurements. Other work on the machine
// can only slow a training down, so the best one is nearest to the speed of an idle machine; the
// range shows how much the machine is disturbed now.
func (s *Speed) fromMeasurement(rounds []float64) {
	s.Source, s.ImagesPerSecond = SpeedMeasured, slices.Max(rounds)
	s.Slowest, s.Fastest = slices.Min(rounds), s.ImagesPerSecond
}

// measureInTurn measures the speed of one model of each cell's shape measuredRounds times, and
// returns the measurements by cell. Each round measures every shape once, so that a minute in which
// the machine is busy falls on one measurement of each rather than on all of one.
func (e Estimator) measureInTurn(ctx context.Context, cells []cell.Cell) ([][]float64, error) {
	measured := make([][]float64, len(cells))
	for round := range measuredRounds {
		for i, cell := range cells {
			speed, err := e.measure(ctx, cell, round)
			if err != nil {
				return nil, err
			}
			measured[i] = append(measured[i], speed)
		}
	}
	return measured, nil
}

// storedSpeeds collects, by shape, the images per second of stored models that were trained on this
// kind of machine. Damaged results are passed over, because nothing but the estimate depends on
// them.
func (e Estimator) storedSpeeds(cells []cell.Cell) (map[cell.StepKind][]float64, error) {
	timings := map[cell.StepKind][]float64{}
	lacking := map[cell.StepKind]bool{}
	for _, cell := range cells {
		lacking[cell.StepKind()] = true
	}
	if len(lacking) == 0 {
		return timings, nil
	}
	entries, err := e.Store.Files().ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("estimate: list results: %w", err)
	}
	for _, entry := range entries {
		dir := e.Store.Files().Sub(entry.Name)
		var environment store.Environment
		if jsonfile.ReadIn(dir, store.EnvironmentFile, &environment) != nil || !e.here(environment.Precision).SameKind(environment.Machine()) {
			continue
		}
		result, err := store.ReadResult(dir)
		if err != nil || result.Provenance.ImagesPerSecond <= 0 {
			continue
		}
		data, err := dir.ReadFile(store.CellFile, disk.MaxRecord)
		if err != nil {
			continue
		}
		cell, err := cell.Parse(data)
		if err != nil {
			continue
		}
		key := cell.StepKind()
		if timings[key] = append(timings[key], result.Provenance.ImagesPerSecond); len(timings[key]) == enoughTimings {
			if delete(lacking, key); len(lacking) == 0 {
				break
			}
		}
	}
	return timings, nil
}

// here returns the machine that the estimate is for, with trainings in a precision.
func (e Estimator) here(precision string) store.Machine {
	return store.NewEnvironment(e.Device, e.Threads, precision, store.Build{}, e.Engine).Machine()
}

// measure returns the images per second of one model of a cell's shape while all workers train such
// models. round counts the measurements of the shape from 0.
func (e Estimator) measure(ctx context.Context, cell cell.Cell, round int) (float64, error) {
	for _, trial := range e.Trials {
		if trial.Models == e.Workers && e.chosen == cell.StepKind() {
			return trial.ImagesPerSecond / float64(trial.Models), nil
		}
	}
	e.tell("measuring how fast %s trains, %d at a time (%d of %d)", cell.Model.Short(), e.Workers, round+1, measuredRounds)
	probe := newThroughputProbe(e.Command, e.PerProcess, worker.Setup{Cell: cell, Device: e.Device, Threads: e.Threads, Module: e.Store.ModulePath(cell)})
	defer probe.close()
	speed, err := probe.measureWith(ctx, e.Workers)
	if err != nil {
		return 0, fmt.Errorf("estimate: measure the speed of %s: %w", cell.Model.Short(), err)
	}
	return speed / float64(e.Workers), nil
}
