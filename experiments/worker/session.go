package worker

import (
	"context"
	"path/filepath"

	"backfire/datasets"
	"backfire/defenses"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/internal/disk"
)

// session is one request that needs the cell's deal: a training, or questions to a stored model.
type session struct {
	Setup
	hash          string // of the cell
	dir           string // for the files that the request produces
	deal          *Deal  // nil where a query needs none
	normalization store.Normalization
	engine        store.EngineInfo
	predicted     []uint16 // classes of the probes
	attribution   struct { // of a cell with an attribution
		Probes    []store.AttributedProbe
		Unlearned []uint16 // see store.ResultFiles
	}
}

// dealGame deals the cell's game.
func (s *session) dealGame(ctx context.Context, w *Worker, source datasets.Source) error {
	cache, err := w.gameCache(ctx, s.Cell, source)
	if err != nil {
		return err
	}
	return s.stamp(cache)
}

// dealStored deals the game of the cell of the model stored at a path, without the rows that its
// filter removed.
func (s *session) dealStored(ctx context.Context, w *Worker, source datasets.Source, model string) error {
	if err := s.dealGame(ctx, w, source); err != nil || !s.Cell.Filters() {
		return err
	}
	gone, err := removed.Read(disk.In(filepath.Dir(model)))
	if err == nil {
		err = s.deal.Remove(gone)
	}
	s.normalization = s.deal.Normalization
	return err
}

// stamp makes the training set and the probes from the game of the cell.
func (s *session) stamp(cache *gameCache) error {
	var err error
	if s.deal, err = newDeal(s.Cell, cache); err != nil {
		return err
	}
	s.normalization = s.deal.Normalization
	return nil
}

// newModel makes a model for a training set of so many rows.
func (s *session) newModel(engine Engine, rows int, notice func(string)) (TrainedModel, error) {
	model, err := engine.NewModel(ModelOptions{
		Cell: s.Cell, Images: rows, Mean: s.normalization.Mean, Std: s.normalization.Std,
		Device: s.Device, Threads: s.Threads, Module: s.Module, Notice: notice,
	})
	defense, _, changes := defenses.Find[defenses.Answerer](s.Cell.DefenseStack())
	if err != nil || !changes {
		return model, err
	}
	return &answering{TrainedModel: model, defense: defense, shape: s.Cell.Data.Shape, classes: len(s.Cell.Data.Classes)}, nil
}

// upload gives the model the training set of a segment.
func (s *session) upload(model TrainedModel, segment int) error {
	training := s.deal.segmentSet(segment)
	return model.Upload(training.Images, training.Labels)
}

// environment describes the machine and the programs of the session.
func (s *session) environment(program store.Build) store.Environment {
	environment := store.NewEnvironment(s.Device, s.Threads, s.Cell.Precision(), program, s.engine)
	environment.Kernels, environment.Foreign = s.Cell.Training.Kernels, s.Cell.Foreign()
	return environment
}

// machine returns the properties of the machine that the bits of a training depend on.
func (s *session) machine() store.Machine {
	return s.environment(store.Build{}).Machine()
}

// files returns what is to be stored of the deal and the model's answers.
func (s *session) files() store.ResultFiles {
	files := s.deal.Files()
	files.Removed, files.Unfiltered = s.deal.removed, s.deal.unfiltered
	files.Predicted, files.AttributedProbes, files.Unlearned = s.predicted, s.attribution.Probes, s.attribution.Unlearned
	return files
}
