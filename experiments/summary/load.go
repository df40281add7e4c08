package summary

import (
	"fmt"
	"path/filepath"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/jsonfile"
)

// LoadSummary reads a stored summary: that of a sweep, or that of a run as a
// sweep of one point. Store is the store that it lies in.
func Load(path string) (*SweepSummary, error) {
	s, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("experiments: load summary: %w", err)
	}
	s.Path, s.Store = path, filepath.Dir(filepath.Dir(filepath.Dir(path)))
	return s, nil
}

func load(path string) (*SweepSummary, error) {
	if filepath.Base(path) == store.SummaryFile {
		var run Summary
		if err := jsonfile.Read(path, &run); err != nil {
			return nil, err
		}
		return run.sweep(), nil
	}
	var s SweepSummary
	if err := jsonfile.Read(path, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// sweep is the summary as that of a sweep of one point.
func (s *Summary) sweep() *SweepSummary {
	point := PointSummary{
		Keys: map[string]string{}, Seed: s.Seed, Data: s.Data, Pool: s.Pool, Model: s.Model,
		Training: s.Training, Readings: s.Readings, Labels: "same",
	}
	for _, row := range s.Rows {
		point.Games = append(point.Games, GameSummary{GameResult: row})
		for _, a := range row.Attackers {
			if a.Target != row.Attackers[0].Target {
				point.Labels = "list"
			}
		}
	}
	return &SweepSummary{Format: plan.SweepFormat, Sweep: s.Plan, Origin: s.Origin, Points: []PointSummary{point}, Missing: s.Missing}
}
