package worker

import (
	"context"
	"fmt"
	"strings"

	"backfire/experiments/ballots"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/internal/disk"
)

// complete copies the files of a stored result into the request's directory and adds the artefacts that it
// lacks and that take no training.
func (w *Worker) complete(ctx context.Context, s *session, request Train) error {
	from := disk.In(request.Stored)
	if err := copyResult(from, disk.In(request.Dir)); err != nil {
		return fmt.Errorf("worker: copy %s: %w", request.Stored, err)
	}
	if err := s.dealGame(ctx, w, request.Source); err != nil {
		return err
	}
	lacks := func(name string) bool {
		_, err := from.Stat(name)
		return err != nil
	}
	asked := request.Artefacts
	asked.Triggers = asked.Triggers && lacks(store.TriggersDir)
	asked.Folder = asked.Folder && lacks(store.ImagesDir)
	asked.Archive = asked.Archive && lacks(store.TrainingFile)
	if err := s.deal.WriteArtefacts(request.Dir, asked); err != nil {
		return err
	}
	var measures []func(TrainedModel) error
	if asked.Divergence && lacks(store.DivergenceFile) {
		measures = append(measures, s.writeDivergences)
	}
	if asked.Rankings && lacks(ballots.RankingsFile) {
		measures = append(measures, func(model TrainedModel) (err error) {
			if s.predicted, err = (&store.Record{Cell: s.Cell, Dir: from.Path(".")}).Predictions(len(s.Cell.Data.Classes)); err != nil {
				return err
			}
			return s.writeRankings(model)
		})
	}
	if asked.Detection && lacks(removed.DetectionFile) {
		measures = append(measures, s.writeDetections)
	}
	for text := range strings.FieldsSeq(asked.Detectors) {
		if lacks(removed.DetectorFile(text)) {
			measures = append(measures, func(model TrainedModel) error { return s.writeDetector(model, text) })
		}
	}
	if len(measures) == 0 {
		return nil
	}
	return w.measureStored(s, from.Path(store.ModelFile), measures)
}

// measureStored has a stored model measured.
func (w *Worker) measureStored(s *session, stored string, measures []func(TrainedModel) error) error {
	content, err := ReadModel(stored)
	if err != nil {
		return err
	}
	model, err := s.newModel(w.Engine, s.deal.segmentRows(s.deal.lastSegment()), func(string) {})
	if err != nil {
		return err
	}
	defer model.Close()
	if err := s.load(model, stored, content); err != nil {
		return err
	}
	for _, measure := range measures {
		if err := measure(model); err != nil {
			return err
		}
	}
	return nil
}

// copyResult copies the files of a stored result except its manifest, which is written when the copy is stored.
func copyResult(from, to disk.Dir) error {
	names, err := from.Files(".")
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == store.ManifestFile {
			continue
		}
		if err := from.CopyTo(name, to); err != nil {
			return err
		}
	}
	return nil
}
