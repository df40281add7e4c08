package worker

import (
	"encoding/json"
	"fmt"
	"slices"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/defenses/features"
	"backfire/defenses/filter"
	"backfire/experiments/removed"
	"backfire/game"
)

// detecting are the filters that look at features, and at nothing else.
var detecting = []definition.Definition{filter.SpectralSignatures, filter.ActivationClustering}

// writeDetections has the filters with their default settings look at a model's features and writes what they
// find into the session's directory.
func (s *session) writeDetections(model TrainedModel) error {
	var all []namedFilter
	for _, d := range detecting {
		if method, ok := d.Default().(filter.Filter); ok {
			all = append(all, namedFilter{string(d.Kind), method})
		}
	}
	return s.writeFound(model, removed.DetectionFile, all)
}

// writeDetector does the work of writeDetections with one filter, given its stack as cell.StackText writes it.
func (s *session) writeDetector(model TrainedModel, text string) error {
	var stack defenses.Stack
	if err := json.Unmarshal([]byte(text), &stack); err != nil {
		return fmt.Errorf("worker: detect poisoned images: %w", err)
	}
	if err := stack.Validate(); err != nil {
		return fmt.Errorf("worker: detect poisoned images: %w", err)
	}
	method, kind, ok := defenses.Find[filter.Filter](stack)
	if !ok || !slices.ContainsFunc(detecting, func(d definition.Definition) bool { return d.Kind == kind }) {
		return fmt.Errorf("worker: detect poisoned images: %s is no filter that looks at features alone", stack)
	}
	return s.writeFound(model, removed.DetectorFile(text), []namedFilter{{text, method}})
}

// namedFilter is a filter with the name by which results have what it finds.
type namedFilter struct {
	name string
	filter.Filter
}

// writeFound writes what filters find into a file.
func (s *session) writeFound(model TrainedModel, file string, filters []namedFilter) error {
	found, err := s.detect(model, filters)
	if err != nil {
		return fmt.Errorf("worker: detect poisoned images: %w", err)
	}
	return found.Write(s.dir, file)
}

// detect counts what each filter would remove by the trained model's features of the
// contributed images.
func (s *session) detect(model TrainedModel, filters []namedFilter) (*removed.Detections, error) {
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
	for _, method := range filters {
		var chosen []int
		if len(rows) > 0 {
			var err error
			if chosen, err = method.Remove(in); err != nil {
				return nil, err
			}
		}
		gone := make([]int, len(chosen))
		for i, at := range chosen {
			gone[i] = rows[at]
		}
		found.Filters = append(found.Filters, removed.Detection{Filter: method.name, Found: removed.Count(s.Cell, set.Rows, gone)})
	}
	return found, nil
}
