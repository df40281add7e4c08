package worker

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/disk"
)

// source is a file that a training can resume from.
type source struct {
	dir  disk.Dir
	name string // below dir
	hash string // of the cell whose state it must hold
}

// path returns the path of the file, for messages.
func (s source) path() string { return s.dir.Path(s.name) }

// sources lists the files that the training can resume from, the most advanced first.
func (t *training) sources() ([]source, error) {
	var list []source
	if t.request.Checkpoint != "" {
		list = append(list, t.checkpointSource())
	}
	if t.request.States == "" {
		return list, nil
	}
	if t.first {
		return append(list, t.stateSource(t.hash)), nil
	}
	if _, looks := t.Cell.FirstModel(); looks && !t.Cell.Takes() {
		return list, nil // it starts anew
	}
	hashes, err := t.Cell.GoesOnFrom()
	for _, hash := range hashes {
		list = append(list, t.stateSource(hash))
	}
	return list, err
}

// prefixSource returns the file of the state at the beginning of a segment.
func (t *training) prefixSource(at int) (source, error) {
	hash, err := t.Cell.Prefix(at).Hash()
	return t.stateSource(hash), err
}

// stateSource returns the file of the state at the end of the training of the cell called hash.
func (t *training) stateSource(hash string) source {
	// The directory of states lies directly in the store, where no link is followed.
	dir, states := disk.Split(t.request.States)
	return source{dir, cell.StateFile(states, hash), hash}
}

// checkpointSource returns the file of the cell's own checkpoint.
func (t *training) checkpointSource() source {
	return sourceAt(t.request.Checkpoint, t.hash)
}

// sourceAt returns the file at a path.
func sourceAt(path, hash string) source {
	dir, name := disk.Split(path)
	return source{dir, name, hash}
}

// resume makes a model in the most advanced state that is stored, or with its initial weights if
// there is none. A state that cannot be used is reported and removed.
func (t *training) resume(engine Engine) (TrainedModel, error) {
	sources, err := t.sources()
	if err != nil {
		return nil, err
	}
	for _, from := range sources {
		c, err := t.readCheckpoint(from)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		epochs, ok := c.scoredFor(t.request.Artefacts.Curve, t.Cell.Training.Epochs)
		if !ok {
			t.notice(fmt.Sprintf("the first %d epochs are trained anew: their stored state lacks the scores of the learning curve", len(c.epochs)))
			continue
		}
		segment := t.deal.segmentAt(len(c.epochs))
		model, err := t.restoredModel(engine, segment, len(c.epochs), c.state)
		if errors.Is(err, errNotRestored) {
			if err := t.discard(from, err); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		t.epochs, t.resumed = epochs, len(epochs)
		t.report(Event{Kind: KindResumed, Epoch: t.resumed, Epochs: t.Cell.Training.Epochs, Images: t.deal.passingImages(segment)})
		return model, nil
	}
	if t.first || t.Cell.Takes() {
		if model, err := t.storedBase(engine); model != nil || err != nil {
			return model, err
		}
	}
	return t.initialModel(engine)
}

// initialModel makes a model with its initial weights: drawn ones, but for those that the cell's
// file of weights has. The error wraps cell.ErrWeights if that cannot be used.
func (t *training) initialModel(engine Engine) (TrainedModel, error) {
	var weights map[string][]float32
	var err error
	if t.Cell.Model.Weights != "" {
		if weights, err = t.Cell.CheckWeights(t.request.Weights); err != nil {
			return nil, err
		}
	}
	model, err := t.newModel(engine, t.deal.segmentRows(0), t.notice)
	if err != nil || weights == nil {
		return model, err
	}
	state, err := model.State()
	if err == nil {
		for i, tensor := range state.Model {
			if values, ok := weights[tensor.Name]; ok {
				state.Model[i].Values = values
			}
		}
		err = model.Restore(state)
	}
	if err != nil {
		model.Close()
		return nil, err
	}
	return model, nil
}

// errNotRestored marks a state that a model does not accept.
var errNotRestored = errors.New("the state does not fit the model")

// restoredModel makes a model for a segment in a state that was reached after so many epochs. The
// optimiser's steps are counted as if all of these epochs had been in this segment: learning rates
// and batches follow the epochs, whichever segment they belong to.
func (t *training) restoredModel(engine Engine, at, epochs int, state State) (TrainedModel, error) {
	rows := t.deal.segmentRows(at)
	model, err := t.newModel(engine, rows, t.notice)
	if err != nil {
		return nil, err
	}
	if len(t.deal.segments) > 1 {
		state.Step = epochs * t.Cell.StepsPerEpoch(rows)
	}
	if err := model.Restore(state); err != nil {
		model.Close() // it may be half restored
		return nil, fmt.Errorf("%w: %w", errNotRestored, err)
	}
	return model, nil
}

// readCheckpoint reads the checkpoint in a source. It returns nil if there is none that can be
// used.
func (t *training) readCheckpoint(from source) (*checkpoint, error) {
	c, err := readCheckpoint(from, t.machine())
	switch {
	case errors.Is(err, errNoCheckpoint):
		return nil, nil
	case errors.Is(err, errCheckpoint):
		return nil, t.discard(from, err)
	}
	return c, err
}

// discard reports why a checkpoint cannot be used and removes it.
func (t *training) discard(from source, cause error) error {
	t.report(Event{Kind: KindDiscarded, Error: store.OneLine(cause), Path: from.path()})
	return removeCheckpoint(from)
}

// removeCheckpoint removes a checkpoint, if there is one.
func removeCheckpoint(from source) error {
	if err := from.dir.RemoveAll(from.name); err != nil {
		return fmt.Errorf("worker: remove checkpoint: %w", err)
	}
	return nil
}

// saveCheckpoint takes a checkpoint of the completed epochs, which is written in the background, if
// the request names a file for it and the last one is old enough.
func (t *training) saveCheckpoint(model TrainedModel) error {
	if t.saver == nil || time.Since(t.saved) < t.request.CheckpointEvery {
		return nil
	}
	if err := t.saver.save(t.checkpointFor(t.checkpointSource()), model.Snapshot); err != nil {
		return err
	}
	t.saved = time.Now()
	return nil
}

// writer returns the function that writes the checkpoints of the training. It calls hook, if not nil,
// see Worker.Checkpointing.
func (t *training) writer(hook func(cell string, epochs int, drafted bool)) func(checkpoint) error {
	return func(c checkpoint) error {
		drafted := func() {}
		if hook != nil {
			hook(c.cell, len(c.epochs), false)
			drafted = func() { hook(c.cell, len(c.epochs), true) }
		}
		return writeCheckpoint(t.checkpointSource(), t.dir, c, drafted)
	}
}

// saveState keeps a state for other cells that resume from it, if the request names a directory for
// states.
func (t *training) saveState(to source, state State) error {
	if t.request.States == "" {
		return nil
	}
	if err := to.dir.MkdirAll(path.Dir(to.name)); err != nil {
		return fmt.Errorf("worker: save state: %w", err)
	}
	return t.writeTo(to, state)
}

// writeTo writes a checkpoint of the completed epochs to a source, once no other one is being written.
func (t *training) writeTo(to source, state State) error {
	t.saver.settle() // drafts have one name
	c := t.checkpointFor(to)
	c.state = state
	return writeCheckpoint(to, t.dir, c, func() {})
}

// checkpointFor returns a checkpoint of the completed epochs, without a state, for a source.
func (t *training) checkpointFor(to source) checkpoint {
	return checkpoint{
		cell: to.hash, machine: t.machine(), epochs: slices.Clone(t.epochs), curve: t.request.Artefacts.Curve, removed: t.deal.removed,
	}
}
