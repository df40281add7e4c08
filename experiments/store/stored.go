package store

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
		found, err := filepath.Glob(filepath.Join(s.dir, PlansDir, "*", name))
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
