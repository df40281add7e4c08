package experiments

import (
	"context"
	"errors"
	"os/exec"

	"backfire/datasets"
)

// StoredModels is where stored models lie and what it takes to ask them.
type StoredModels struct {
	Store  *Store
	Load   Loader
	Source datasets.Source // where images lie; name, path and split are fitted to the cell

	// Command makes the command of a worker process, see Runner, and Device says
	// on what it computes: cpu, cuda or cuda:K. Both are asked only where a model
	// is.
	Command func() (*exec.Cmd, error)
	Device  func(context.Context) (string, error)

	device string        // as Device has said
	set    *datasets.Set // that was found last, at Source
}

// images finds the images of a cell, and says where they lie.
func (s *StoredModels) images(ctx context.Context, data Data) (*datasets.Set, datasets.Source, error) {
	if s.set != nil && s.set.Checksum == data.Checksum {
		return s.set, s.Source, nil
	}
	set, source, err := find(ctx, s.Load, s.Source, data)
	if err != nil {
		return nil, source, err
	}
	s.set, s.Source = set, source
	return set, source, nil
}

// ask has a worker process of its own do a job with a stored model, on the device
// that there is.
func (s *StoredModels) ask(ctx context.Context, job Job) error {
	if s.device == "" {
		var err error
		if s.device, err = s.Device(ctx); err != nil {
			return err
		}
	}
	job.Device = s.device
	return workOff(ctx, s.Command, job)
}

// workOff has a worker process of its own do a job of prediction.
func workOff(ctx context.Context, start func() (*exec.Cmd, error), job Job) error {
	command, err := start()
	if err != nil {
		return err
	}
	worker, err := startProcess(command, nil)
	if err != nil {
		return err
	}
	defer worker.close()
	given := worker.assign(1, job)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-worker.ended:
			return errors.Join(worker.obituary(), given.sent)
		case event := <-given.events:
			switch event.Kind {
			case KindFailed:
				return errors.New(event.Error)
			case KindDone:
				return nil
			}
		}
	}
}
