package worker

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"backfire/experiments/curve"
	"backfire/experiments/store"
)

// storedBase makes the trained model that the cell takes or looks at from the stored result in the
// request's directory Base. It returns nil if there is none, or one of a machine that gives other
// bits than this one, or if the learning curve needs the model after every epoch.
func (t *training) storedBase(engine Engine) (TrainedModel, error) {
	path := t.request.Base
	if path == "" || t.request.Artefacts.Curve != (curve.Request{}) {
		return nil, nil
	}
	record := store.Record{Cell: t.Cell.Trained(), Dir: path}
	environment, err := record.Environment()
	if err != nil || !environment.Machine().SameBits(t.machine()) {
		return nil, nil //nolint:nilerr // it is trained instead
	}
	epochs, err := record.Metrics()
	if err != nil {
		return nil, nil //nolint:nilerr // likewise
	}
	content, err := ReadModel(filepath.Join(path, store.ModelFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	base := session{Setup: t.Setup, normalization: t.normalization}
	base.Cell = t.Cell.Trained()
	if base.hash, err = base.Cell.Hash(); err != nil {
		return nil, err
	}
	model, err := t.newModel(engine, t.deal.segmentRows(t.deal.lastSegment()), t.notice)
	if err != nil {
		return nil, err
	}
	if err := base.replaceState(model, content); err != nil {
		model.Close()
		return nil, fmt.Errorf("worker: load %s: %w", path, err)
	}
	t.epochs, t.resumed = epochs, len(epochs)
	t.report(Event{Kind: KindResumed, Epoch: t.resumed, Epochs: t.Cell.Training.Epochs, Images: t.deal.passingImages(t.deal.lastSegment())})
	return model, nil
}
