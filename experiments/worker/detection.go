package worker

import (
	"fmt"

	"backfire/defenses/definition"
	"backfire/defenses/features"
	"backfire/defenses/filter"
	"backfire/experiments/removed"
	"backfire/game"
)

// detecting are the filters that look at features, and at nothing else.
var detecting = []definition.Definition{filter.SpectralSignatures, filter.ActivationClustering}

// writeDetections has filters look at a model's features and writes what they find into the
// session's directory.
func (s *session) writeDetections(model TrainedModel) error {
	found, err := s.detect(model)
	if err != nil {
		return fmt.Errorf("worker: detect poisoned images: %w", err)
	}
	return found.Write(s.dir)
}

// detect counts what each filter, with its default settings, would remove by the trained
// model's features of the contributed images.
func (s *session) detect(model TrainedModel) (*removed.Detections, error) {
	set := s.deal.Training
	in := filter.Input{Seed: s.Cell.TrainingSeed()}
	size := set.Shape.Size()
	var rows []int
	var images []uint8
	for i, row := range set.Rows {
		if row.Owner == game.Defender {
			continue
		}
		rows = append(rows, i)
		images = append(images, set.Images[i*size:(i+1)*size]...)
		in.Labels = append(in.Labels, set.Labels[i])
	}
	found := &removed.Detections{Cell: s.hash, Filters: []removed.Detection{}}
	if len(rows) > 0 {
		values, err := model.Features(images)
		if err != nil {
			return nil, err
		}
		if in.Features, err = features.New(values, len(values)/len(rows)); err != nil {
			return nil, err
		}
	}
	for _, definition := range detecting {
		var chosen []int
		if method, ok := definition.Default().(filter.Filter); ok && len(rows) > 0 {
			var err error
			if chosen, err = method.Remove(in); err != nil {
				return nil, err
			}
		}
		gone := make([]int, len(chosen))
		for i, at := range chosen {
			gone[i] = rows[at]
		}
		found.Filters = append(found.Filters, removed.Detection{Filter: string(definition.Kind), Found: removed.Count(s.Cell, set.Rows, gone)})
	}
	return found, nil
}
