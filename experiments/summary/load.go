package summary

import (
	"errors"
	"fmt"
	"path/filepath"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// Load reads a stored summary and compares it with its digest. It also reads the files of
// the name store.SummaryFile, in which older versions stored the summary of a run: as a
// summary of one point. Older versions wrote no digests; such a summary is compared with
// the results that it names, as far as they are stored, see Summary.CompareResults. The
// error names the file and wraps cell.ErrSeal or ErrOtherFigures if a figure was changed.
func Load(path string) (*Summary, error) {
	s, err := load(path)
	if err != nil {
		return nil, fmt.Errorf("summary: load %s: %w", path, err)
	}
	return s, nil
}

func load(path string) (*Summary, error) {
	data, err := disk.ReadFile(path, disk.MaxRecord)
	if err != nil {
		return nil, err
	}
	sealed, err := cell.CheckSeal(data)
	if errors.Is(err, cell.ErrSeal) {
		return nil, fmt.Errorf("%w: remove the file and give the command that made it once more: nothing is retrained for it", err)
	}
	if err != nil {
		return nil, err
	}
	s, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	s.Path, s.Store = path, filepath.Dir(filepath.Dir(filepath.Dir(path)))
	if err := s.check(); err != nil {
		return nil, err
	}
	if sealed {
		return s, nil
	}
	st, err := store.OpenExisting(s.Store)
	if err != nil {
		return s, nil //nolint:nilerr // a copy outside of a store, with nothing to compare with
	}
	_, _, err = s.CompareResults(st)
	return s, err
}

// parse decodes the content of a summary.
func parse(path string, data []byte) (*Summary, error) {
	if filepath.Base(path) == store.SummaryFile {
		var old runSummary
		if err := jsonfile.Parse(path, data, &old); err != nil {
			return nil, err
		}
		return old.summary(), nil
	}
	var s Summary
	return &s, jsonfile.Parse(path, data, &s)
}

// check returns an error for a summary whose parts do not fit each other.
func (s *Summary) check() error {
	if s.Format != plan.SweepFormat {
		return fmt.Errorf("it has format %d, this program reads %d", s.Format, plan.SweepFormat)
	}
	for _, point := range s.Points {
		for _, game := range point.Games {
			switch {
			case len(game.Models) == 0:
				return fmt.Errorf("a game with N = %d names no model", game.N)
			case game.Complete && len(game.Attackers) != game.N:
				return fmt.Errorf("a game with N = %d has %d attackers", game.N, len(game.Attackers))
			}
		}
	}
	return nil
}

// runSummary is the form in which older versions stored the summary of a run.
type runSummary struct {
	Format   int           `json:"format"` // 1
	Plan     string        `json:"plan"`   // hash of the games
	Origin   *Request      `json:"origin,omitempty"`
	Seed     uint64        `json:"seed"`
	Data     cell.Data     `json:"data"`
	Pool     int           `json:"pool_size"`
	Model    cell.Model    `json:"model"`
	Training cell.Training `json:"training"`
	Readings cell.Readings `json:"readings"`
	Rows     []GameResult  `json:"rows"`
	Missing  []Missing     `json:"missing"`
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
	return &Summary{Format: old.Format, Sweep: old.Plan, Origin: old.Origin, Points: []PointSummary{point}, Missing: old.Missing}
}
