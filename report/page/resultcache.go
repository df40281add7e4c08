package page

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"backfire/datasets"
	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/internal/words"
)

// resultCache holds the stored results behind a page, each read once.
type resultCache struct {
	known   map[[2]string]*store.Record // by store and cell; nil: cannot be used
	order   [][2]string                 // in which they were read
	reasons map[string]int              // number of unusable results by reason
	kept    map[string]bool             // cells of games, as opposed to mere tries of a trigger
}

// newResultCache returns an empty cache.
func newResultCache() *resultCache {
	return &resultCache{known: map[[2]string]*store.Record{}, reasons: map[string]int{}, kept: map[string]bool{}}
}

// record returns the result of a cell, nil if it is missing or broken.
func (s *resultCache) record(dir, cell string) *store.Record {
	key := [2]string{dir, cell}
	if record, ok := s.known[key]; ok {
		return record
	}
	s.order = append(s.order, key)
	s.known[key] = nil
	st, err := store.OpenExisting(dir)
	if err == nil {
		s.known[key], err = st.Read(cell)
	}
	switch {
	case err == nil:
	case errors.Is(err, store.ErrNotStored), errors.Is(err, store.ErrStore):
		s.reasons["not in the store"]++
	case errors.Is(err, store.ErrBroken):
		s.reasons["damaged, or stored by another version"]++
	default:
		s.reasons[err.Error()]++
	}
	return s.known[key]
}

// complaints returns a note for each reason why results cannot be used.
func (s *resultCache) complaints() []string {
	var texts []string
	for reason, n := range s.reasons {
		texts = append(texts, fmt.Sprintf("The stored files of %s cannot be used (%s): curves, matrices, triggers and settings are without them.", words.Plural(n, "model"), reason))
	}
	slices.Sort(texts)
	return texts
}

// result returns the function for report.Options.Result.
func (s *resultCache) result(dir string) func(string) (*store.Result, error) {
	return func(cell string) (*store.Result, error) {
		if record := s.record(dir, cell); record != nil {
			return record.WithPairs()
		}
		return nil, nil // missing, which is no error
	}
}

// metrics returns the function for report.Options.Metrics.
func (s *resultCache) metrics(dir string) func(string) ([]store.EpochMetrics, error) {
	return func(cell string) ([]store.EpochMetrics, error) {
		if record := s.record(dir, cell); record != nil {
			return record.Metrics()
		}
		return nil, nil
	}
}

// predictions returns the function for report.Options.Predictions.
func (s *resultCache) predictions(dir string) func(string) ([]uint16, error) {
	return func(cell string) ([]uint16, error) {
		if record := s.record(dir, cell); record != nil {
			return record.Predictions(len(record.Cell.Data.Classes))
		}
		return nil, nil
	}
}

// curve returns the function for report.Options.Curve.
func (s *resultCache) curve(dir string) func(string) (*curve.Curve, error) {
	return func(cell string) (*curve.Curve, error) {
		record := s.record(dir, cell)
		if record == nil {
			return nil, nil
		}
		scored, err := record.Curve()
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil // it was not asked for
		}
		return scored, err
	}
}

// labels returns the function for report.Options.Labels. Where the images cannot be found, there are
// no labels; the note of the missing pictures names the reason.
func (s *resultCache) labels(ctx context.Context, dir string, found *images) func(string) ([]uint16, error) {
	return func(cell string) ([]uint16, error) {
		record := s.record(dir, cell)
		if record == nil {
			return nil, nil
		}
		set, err := found.find(ctx, record.Cell.Data)
		if err != nil || set == nil {
			return nil, err
		}
		g, err := game.New(set, record.Cell.Game)
		if err != nil {
			return nil, nil //nolint:nilerr // the note of its triggers names the reason
		}
		var labels []uint16
		for _, at := range g.Deal().Defender.HeldOut {
			labels = append(labels, set.Labels[at])
		}
		return labels, nil
	}
}

// environment returns the function for report.Options.Environment.
func (s *resultCache) environment(dir string) func(string) (*store.Environment, error) {
	return func(cell string) (*store.Environment, error) {
		record := s.record(dir, cell)
		if record == nil {
			return nil, nil
		}
		environment, err := record.Environment()
		return &environment, err
	}
}

// records returns the results behind a summary on a dataset, including those of single
// games and of triggers that were not kept.
func (s *resultCache) records(summary *summary.Summary, dataset string) []*store.Record {
	var cells []string
	for _, point := range summary.Points {
		if point.Data.Name != dataset {
			continue
		}
		for _, g := range point.Games {
			if !g.Complete {
				continue
			}
			cells = append(cells, g.Models...)
			for _, model := range g.Models {
				s.kept[model] = true
			}
			for _, a := range g.Attackers {
				if a.SingleASR != nil {
					cells, s.kept[a.SingleCell] = append(cells, a.SingleCell), true
				}
				for _, draw := range a.Candidates {
					if draw.ASR != nil {
						cells = append(cells, draw.Cell)
					}
				}
			}
		}
	}
	var records []*store.Record
	seen := map[string]bool{}
	for _, cell := range cells {
		if seen[cell] {
			continue
		}
		seen[cell] = true
		if record := s.record(summary.Store, cell); record != nil {
			records = append(records, record)
		}
	}
	return records
}

// all returns every result that was read and can be used.
func (s *resultCache) all() []*store.Record {
	var records []*store.Record
	for _, key := range s.order {
		if record := s.known[key]; record != nil {
			records = append(records, record)
		}
	}
	return records
}

// censuses returns a note on the files of each dataset of the user's, as one of the trainings
// read it.
func (s *resultCache) censuses() []string {
	var notes []string
	told := map[string]bool{} // by checksum
	for _, record := range s.all() {
		data, read := record.Cell.Data, record.Result.Provenance.Census
		if read == nil || data.Name == datasets.Embedded || told[data.Checksum] {
			continue
		}
		told[data.Checksum] = true
		notes = append(notes, fmt.Sprintf("Images of %s: %s.", data.Name, read.Line(data.Classes)))
	}
	return notes
}
