package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// OpenFile is the name of the note of a run that has not come to its end, in the
// sweep's directory of the store.
const OpenFile = "open.json"

// OpenRunFormat is the version of OpenRun.
const OpenRunFormat = 1

// OpenRun is a run, sweep or table that has begun. The note of it is removed when
// all of its models are stored and named by its summary; until then it tells what
// the same command needs to go on.
type OpenRun struct {
	Format  int       `json:"format"`
	Sweep   string    `json:"sweep"`   // hash
	Command string    `json:"command"` // that began it; may be empty
	Begun   time.Time `json:"begun"`   // UTC; by whoever wrote the note last
	// Cells are the models that are asked for, as far as results have decided that.
	Cells []OpenCell `json:"cells"`
}

// OpenCell is a model that an open run asks for.
type OpenCell struct {
	Cell string `json:"cell"` // hash
	// States are the names of the states in the store that its training may go on
	// from.
	States []string `json:"states,omitempty"`
}

// forgetRun removes the note of an open run, and its directory if there is nothing
// else in it.
func (s *Store) ForgetRun(hash string) error {
	path := filepath.Join(s.PlanDir(hash), OpenFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_ = os.Remove(filepath.Dir(path)) // refused while other files are there
	return nil
}

// OpenRuns reads the notes of the runs that have begun and not come to their end,
// by hash.
func (s *Store) OpenRuns() ([]OpenRun, error) {
	paths, err := filepath.Glob(filepath.Join(s.dir, PlansDir, "*", OpenFile))
	if err != nil {
		return nil, fmt.Errorf("experiments: open runs: %w", err)
	}
	var runs []OpenRun
	for _, path := range paths {
		var run OpenRun
		err := ReadJSON(path, &run)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just ended
		}
		if err == nil && run.Format != OpenRunFormat {
			err = fmt.Errorf("%s has format %d, this program reads %d", path, run.Format, OpenRunFormat)
		}
		if err != nil {
			return nil, fmt.Errorf("experiments: open runs: %w", err)
		}
		runs = append(runs, run)
	}
	return runs, nil
}
