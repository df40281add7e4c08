package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoSummary says that there is no stored summary of the kind asked for.
var ErrNoSummary = errors.New("no such summary")

// Summaries lists the paths of the stored summaries, of runs and of sweeps, whose
// hash begins with the prefix, the oldest first. The error wraps ErrNoSummary.
func (s *Store) Summaries(prefix string) ([]string, error) {
	var paths []string
	written := map[string]fs.FileInfo{}
	for _, name := range []string{SweepFile, SummaryFile} {
		found, err := filepath.Glob(filepath.Join(s.dir, plansDir, "*", name))
		if err != nil {
			return nil, fmt.Errorf("experiments: list summaries: %w", err)
		}
		for _, path := range found {
			if !strings.HasPrefix(filepath.Base(filepath.Dir(path)), prefix) {
				continue
			}
			if written[path], err = os.Stat(path); err != nil {
				return nil, fmt.Errorf("experiments: list summaries: %w", err)
			}
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("experiments: list summaries: %s that begins with %q: %w", s.dir, prefix, ErrNoSummary)
	}
	slices.SortStableFunc(paths, func(a, b string) int { return written[a].ModTime().Compare(written[b].ModTime()) })
	return paths, nil
}

// LoadSummary reads a stored summary: that of a sweep, or that of a run as a
// sweep of one point. Store is the store that it lies in.
func LoadSummary(path string) (*SweepSummary, error) {
	s, err := loadSummary(path)
	if err != nil {
		return nil, fmt.Errorf("experiments: load summary: %w", err)
	}
	s.Path, s.Store = path, filepath.Dir(filepath.Dir(filepath.Dir(path)))
	return s, nil
}

func loadSummary(path string) (*SweepSummary, error) {
	if filepath.Base(path) == SummaryFile {
		var run Summary
		if err := readJSON(path, &run); err != nil {
			return nil, err
		}
		return run.sweep(), nil
	}
	var s SweepSummary
	if err := readJSON(path, &s); err != nil {
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
		point.Games = append(point.Games, GameSummary{Row: row})
		for _, a := range row.Attackers {
			if a.Target != row.Attackers[0].Target {
				point.Labels = "list"
			}
		}
	}
	return &SweepSummary{Format: SweepFormat, Sweep: s.Plan, Origin: s.Origin, Points: []PointSummary{point}, Missing: s.Missing}
}
