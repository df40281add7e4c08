package summary

import (
	"fmt"
	"path/filepath"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// Load reads a stored summary. It also reads the files of the name store.SummaryFile, in
// which older versions stored the summary of a run: as a summary of one point.
func Load(path string) (*Summary, error) {
	s, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("summary: load: %w", err)
	}
	s.Path, s.Store = path, filepath.Dir(filepath.Dir(filepath.Dir(path)))
	return s, nil
}

func load(path string) (*Summary, error) {
	if filepath.Base(path) == store.SummaryFile {
		var old runSummary
		if err := store.ReadJSON(path, &old); err != nil {
			return nil, err
		}
		return old.summary(), nil
	}
	var s Summary
	if err := store.ReadJSON(path, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// runSummary is the form in which older versions stored the summary of a run.
type runSummary struct {
	Format   int            `json:"format"` // 1
	Plan     string         `json:"plan"`   // hash of the games
	Origin   *store.Request `json:"origin,omitempty"`
	Seed     uint64         `json:"seed"`
	Data     cell.Data      `json:"data"`
	Pool     int            `json:"pool_size"`
	Model    cell.Model     `json:"model"`
	Training cell.Training  `json:"training"`
	Readings store.Readings `json:"readings"`
	Rows     []GameResult   `json:"rows"`
	Missing  []Missing      `json:"missing"`
}

// summary converts the summary of a run to that of a sweep of one point. The choice of
// labels, which the old form lacks, follows from the targets.
func (old *runSummary) summary() *Summary {
	point := PointSummary{
		Keys: map[string]string{}, Seed: old.Seed, Data: old.Data, Pool: old.Pool, Model: old.Model,
		Training: old.Training, Readings: old.Readings, Labels: "same",
	}
	for _, g := range old.Rows {
		point.Games = append(point.Games, GameSummary{GameResult: g})
		for _, a := range g.Attackers {
			if a.Target != g.Attackers[0].Target {
				point.Labels = "list"
			}
		}
	}
	return &Summary{Format: plan.SweepFormat, Sweep: old.Plan, Origin: old.Origin, Points: []PointSummary{point}, Missing: old.Missing}
}
