package inference

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// StoredModels holds a store of models and what it takes to ask them. It is not for
// concurrent use.
type StoredModels struct {
	Store  *store.Store
	Load   cell.Loader
	Source datasets.Source // of the images; name, path and split are adapted to a cell
	// Weights is the path of the file of initial weights for cells that name one.
	Weights string

	// Command makes the command of a worker process, as [runner.Runner] has it.
	// Device returns the device that it computes on: cpu, cuda or cuda:K. Both are
	// called only when a model is asked, Device once.
	Command func() (*exec.Cmd, error)
	Device  func(context.Context) (string, error)

	device string        // that Device returned; empty before
	set    *datasets.Set // that Images found last, at Source; nil before
}

// Images returns the images of a cell and their source. The error is that of
// [FindData].
func (s *StoredModels) Images(ctx context.Context, data cell.Data) (*datasets.Set, datasets.Source, error) {
	if s.set != nil && s.set.Checksum == data.Checksum {
		return s.set, s.Source, data.Fits(s.set)
	}
	set, source, err := FindData(ctx, s.Load, s.Source, data)
	if err != nil {
		return nil, source, err
	}
	s.set, s.Source = set, source
	return set, source, data.Fits(set)
}

// Ask carries out a request to a stored model in a worker process of its own. on makes the
// request for the device that Device returns.
func (s *StoredModels) Ask(ctx context.Context, on func(device string) worker.Request) error {
	if s.device == "" {
		var err error
		if s.device, err = s.Device(ctx); err != nil {
			return err
		}
	}
	return runRequest(ctx, s.Command, on(s.device))
}

// runRequest carries out a request in a worker process of its own.
func runRequest(ctx context.Context, start func() (*exec.Cmd, error), request worker.Request) error {
	command, err := start()
	if err != nil {
		return err
	}
	process, err := runner.StartProcess(command, nil)
	if err != nil {
		return err
	}
	defer process.Close()
	assigned := process.Assign(1, request)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-process.Ended:
			return errors.Join(process.ExitError(), assigned.Sent)
		case event := <-assigned.Events:
			switch event.Kind {
			case worker.KindFailed:
				return &FailedRequest{Reason: event.Error, Full: event.Full}
			case worker.KindDone:
				return nil
			}
		}
	}
}

// FailedRequest is the error with the reason that a worker process gives why it did not carry out a
// request.
type FailedRequest struct {
	Reason string
	Full   bool // the disk or the quota is full
}

// Error returns the reason.
func (e *FailedRequest) Error() string { return e.Reason }

// FindData loads the images of a cell and returns them with their source. A cell
// does not name the split, so FindData tries all splits, the configured one first.
// The error wraps [cell.ErrOtherData] where none of them has the cell's checksum.
func FindData(ctx context.Context, load cell.Loader, source datasets.Source, data cell.Data) (*datasets.Set, datasets.Source, error) {
	if source.Name != data.Name {
		source.Name, source.Path = data.Name, ""
	}
	splits := []string{source.Split}
	for _, split := range slices.Concat([]string{datasets.SplitAuto}, datasets.Splits(), []string{datasets.SplitAll}) {
		if split != source.Split {
			splits = append(splits, split)
		}
	}
	var errs []error
	for _, split := range splits {
		source.Split = split
		set, err := load(ctx, source)
		if err == nil && set.Checksum == data.Checksum {
			return set, source, nil
		}
		if err == nil {
			err = fmt.Errorf("split %s has SHA-256 %.12s", split, set.Checksum)
		} else if errors.Is(err, datasets.ErrSplit) && len(errs) > 0 {
			continue // the other splits tell more
		}
		if !slices.ContainsFunc(errs, func(other error) bool { return other.Error() == err.Error() }) {
			errs = append(errs, err)
		}
	}
	if data.Name == datasets.Folder && source.Resize == "" && source.Contributors == "" {
		errs = append(errs, errors.New("a model of images that data.resize or data.contributors changed needs the same setting here"))
	}
	return nil, source, fmt.Errorf("%w: SHA-256 %.12s is required: %w", cell.ErrOtherData, data.Checksum, errors.Join(errs...))
}
