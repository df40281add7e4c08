package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"backfire/internal/jsonfile"
)

// openFile is the name of the note of an open run, in the directory of its sweep.
const openFile = "open.json"

// openRunFormat is the version of OpenRun.
const openRunFormat = 1

// OpenRun is a run, sweep or table that has begun. Its note is removed when all of its models are stored and
// its summary names them; until then it lists everything that the same command needs to resume.
type OpenRun struct {
	Format  int       `json:"format"`  // set by NoteRun
	Sweep   string    `json:"sweep"`   // hash
	Command string    `json:"command"` // that began it; may be empty
	Begun   time.Time `json:"begun"`   // UTC; when the process that wrote the note last began
	// Cells are the models that the run needs, as far as results have decided that.
	Cells []OpenCell `json:"cells"`

	// Live reports that a process works on the run now. Only Garbage sets it.
	Live bool `json:"-"`
}

// OpenCell is a model that an open run needs.
type OpenCell struct {
	Cell string `json:"cell"` // hash
	// States are the names of the states in the store that its training may start from, the furthest first.
	States []string `json:"states,omitempty"`
}

// NoteRun writes the note of an open run, in place of an older one of the same sweep. The errors are those of
// WritePlanFile.
func (s *Store) NoteRun(ctx context.Context, run OpenRun) error {
	run.Format = openRunFormat
	data, err := jsonfile.Encode(run)
	if err != nil {
		return fmt.Errorf("store: encode %s: %w", openFile, err)
	}
	_, err = s.WritePlanFile(ctx, run.Sweep, openFile, data)
	return err
}

// ForgetRun removes the note of the open run of a sweep, if there is one, and its directory if it is empty
// then.
func (s *Store) ForgetRun(hash string) error {
	path := filepath.Join(s.PlanDir(hash), openFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: forget run: %w", err)
	}
	_ = os.Remove(filepath.Dir(path)) // refused while other files are there
	return nil
}

// OpenRuns reads the notes of all open runs, sorted by hash.
func (s *Store) OpenRuns() ([]OpenRun, error) {
	paths, err := filepath.Glob(filepath.Join(s.dir, PlansDir, "*", openFile))
	if err != nil {
		return nil, fmt.Errorf("store: read open runs: %w", err)
	}
	var runs []OpenRun
	for _, path := range paths {
		var run OpenRun
		err := jsonfile.Read(path, &run)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just ended
		}
		if err == nil && run.Format != openRunFormat {
			err = fmt.Errorf("%s has format %d, this program reads %d", path, run.Format, openRunFormat)
		}
		if err != nil {
			return nil, fmt.Errorf("store: read open runs: %w", err)
		}
		runs = append(runs, run)
	}
	return runs, nil
}
