package estimate

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"backfire/experiments/runner"
	"backfire/experiments/worker"
)

// throughputProbe trains models of one shape on noise, side by side as they would be in a run, and
// measures how fast they are together. It uses worker processes, so that their memory is free again
// afterwards.
type throughputProbe struct {
	command    func() (*exec.Cmd, error)
	perProcess int          // models in one process, at least 1
	setup      worker.Setup // of each model

	processes []*runner.Process
	models    int
	samples   chan sample
	over      chan struct{}
}

// sample is one report of a model.
type sample struct {
	model int
	speed float64 // images per second since its last report
	err   error   // why the model reports nothing more
}

// newThroughputProbe returns a probe without models.
func newThroughputProbe(command func() (*exec.Cmd, error), perProcess int, setup worker.Setup) *throughputProbe {
	return &throughputProbe{
		command: command, perProcess: max(1, perProcess), setup: setup, samples: make(chan sample), over: make(chan struct{}),
	}
}

// measureWith adds models until there are n, and returns how many images per second go through all
// of them together. After an error the probe must not be used again, except to close it.
func (p *throughputProbe) measureWith(ctx context.Context, n int) (float64, error) {
	if err := p.grow(n); err != nil {
		return 0, err
	}
	// The first round shows that all models train, the second how fast they are.
	speeds := map[int]float64{}
	for range 2 {
		for clear(speeds); len(speeds) < n; {
			select {
			case <-ctx.Done():
				return 0, fmt.Errorf("%w: %w", runner.ErrInterrupted, ctx.Err())
			case report := <-p.samples:
				if report.err != nil {
					return 0, report.err
				}
				speeds[report.model] = report.speed
			}
		}
	}
	var sum float64
	for _, speed := range speeds {
		sum += speed
	}
	return sum, nil
}

// grow adds models until there are n.
func (p *throughputProbe) grow(n int) error {
	pinning := runner.NewPinning(p.setup.Device, n, p.setup.Threads)
	for ; p.models < n; p.models++ {
		if p.models%p.perProcess == 0 {
			command, err := p.command()
			if err != nil {
				return err
			}
			process, err := runner.StartProcess(command, pinning.Cores(p.models))
			if err != nil {
				return err
			}
			p.processes = append(p.processes, process)
		}
		process, number := p.processes[len(p.processes)-1], p.models+1
		go p.listen(process, process.Assign(number, worker.Measure{Setup: p.setup}), number)
	}
	return nil
}

// listen passes on the reports of a model until it or the probe ends.
func (p *throughputProbe) listen(process *runner.Process, assignment *runner.Assignment, model int) {
	for {
		report := sample{model: model}
		select {
		case <-process.Ended:
			report.err = errors.Join(process.ExitError(), assignment.Sent)
		case event := <-assignment.Events:
			report.speed = event.ImagesPerSecond
			if event.Kind == worker.KindFailed {
				report.err = errors.New(event.Error)
			}
		}
		select {
		case p.samples <- report:
		case <-p.over:
			return
		}
		if report.err != nil {
			return
		}
	}
}

// close ends all models.
func (p *throughputProbe) close() {
	close(p.over)
	for _, process := range p.processes {
		process.Close()
	}
}
