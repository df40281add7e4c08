package inference

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// StoredModels is where stored models lie and what it takes to ask them.
type StoredModels struct {
	Store  *store.Store
	Load   cell.Loader
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
func (s *StoredModels) Images(ctx context.Context, data cell.Data) (*datasets.Set, datasets.Source, error) {
	if s.set != nil && s.set.Checksum == data.Checksum {
		return s.set, s.Source, nil
	}
	set, source, err := FindData(ctx, s.Load, s.Source, data)
	if err != nil {
		return nil, source, err
	}
	s.set, s.Source = set, source
	return set, source, nil
}

// Ask has a worker process of its own carry out a request to a stored model, made for the device that Device names.
func (s *StoredModels) Ask(ctx context.Context, on func(device string) worker.Request) error {
	if s.device == "" {
		var err error
		if s.device, err = s.Device(ctx); err != nil {
			return err
		}
	}
	return workOff(ctx, s.Command, on(s.device))
}

// workOff has a worker process of its own do a job of prediction.
func workOff(ctx context.Context, start func() (*exec.Cmd, error), request worker.Request) error {
	command, err := start()
	if err != nil {
		return err
	}
	w, err := runner.StartProcess(command, nil)
	if err != nil {
		return err
	}
	defer w.Close()
	given := w.Assign(1, request)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.Ended:
			return errors.Join(w.ExitError(), given.Sent)
		case event := <-given.Events:
			switch event.Kind {
			case worker.KindFailed:
				return errors.New(event.Error)
			case worker.KindDone:
				return nil
			}
		}
	}
}

// find loads the images of a cell, and says where they lie. Which split they are is
// not part of a cell: all are tried, the configured one first.
func FindData(ctx context.Context, load cell.Loader, source datasets.Source, data cell.Data) (*datasets.Set, datasets.Source, error) {
	if source.Name != data.Name {
		source.Name, source.Path = data.Name, ""
	}
	splits := []string{source.Split}
	for _, split := range []string{"auto", "train", "test", "all"} {
		if split != source.Split {
			splits = append(splits, split)
		}
	}
	var errs []error
	for _, split := range splits {
		source.Split = split
		set, err := load(ctx, source)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if set.Checksum == data.Checksum {
			return set, source, nil
		}
		errs = append(errs, fmt.Errorf("split %s has SHA-256 %.12s", split, set.Checksum))
	}
	return nil, source, fmt.Errorf("%w: SHA-256 %.12s is wanted: %w", cell.ErrOtherData, data.Checksum, errors.Join(errs...))
}
