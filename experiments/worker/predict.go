package worker

import (
	"context"
	"errors"
	"path/filepath"

	"backfire/experiments/store"
	"backfire/internal/jsonfile"
)

// predict has a stored model predict the probes of its cell and repeat the other stored answers
// that the request asks for: divergences, detections and the cell's attribution. It reports nothing but its
// end.
func (w *Worker) predict(ctx context.Context, hash string, request Predict) error {
	s := &session{Setup: request.Setup, hash: hash, dir: request.Dir}
	var err error
	if s.engine, err = w.Engine.Describe(s.Device); err != nil {
		return err
	}
	if err := s.dealStored(ctx, w, request.Source, request.Model); err != nil {
		return err
	}
	last := s.deal.lastSegment()
	model, err := s.newModel(w.Engine, s.deal.segmentRows(last), func(string) {})
	if err != nil {
		return err
	}
	defer model.Close()
	content, err := ReadModel(request.Model)
	if err != nil {
		return err
	}
	if err := s.load(model, request.Model, content); err != nil {
		return err
	}
	if s.predicted, err = model.Predict(s.deal.Probes.Images); err != nil {
		return err
	}
	if err := s.writeLoss(model); err != nil {
		return err
	}
	if err := s.measure(model, request); err != nil {
		return err
	}
	if s.Cell.Attribution != nil {
		if err := s.upload(model, last); err != nil { // the set that contributions are unlearned from
			return err
		}
		if err := s.attribute(ctx, model); err != nil {
			return err
		}
	}
	return errors.Join(
		s.files().WriteAttribution(s.dir),
		s.files().WritePredictions(s.dir),
		jsonfile.Write(filepath.Join(s.dir, store.EnvironmentFile), s.environment(w.Program)))
}

// measure writes the other files that follow from the model alone and that the request asks for.
func (s *session) measure(model TrainedModel, request Predict) error {
	if request.Divergences {
		if err := s.writeDivergences(model); err != nil {
			return err
		}
	}
	if request.Rankings {
		if err := s.writeRankings(model); err != nil {
			return err
		}
	}
	if request.Detections {
		if err := s.writeDetections(model); err != nil {
			return err
		}
	}
	for _, text := range request.Detectors {
		if err := s.writeDetector(model, text); err != nil {
			return err
		}
	}
	return nil
}
