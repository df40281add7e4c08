package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// openFile is the name of the note of an open run, in the directory of its sweep.
const openFile = "open.json"

// openPlanFile is the name of the plan of an open run, in the directory of its sweep: what another process needs
// to make the run's tables while it is being trained. It is removed together with the note.
const openPlanFile = "open-plan.json"

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

	// Damaged is the reason why the note cannot be read; nil: it can. Only Sweep and, roughly, Begun are known
	// then.
	Damaged error `json:"-"`
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

// NotePlan writes the plan of an open run beside its note, from which another process makes the run's tables while
// it is being trained. The errors are those of WritePlanFile.
func (s *Store) NotePlan(ctx context.Context, hash string, data []byte) error {
	_, err := s.WritePlanFile(ctx, hash, openPlanFile, data)
	return err
}

// ReadNotedPlan returns what NotePlan wrote, and its path. The error wraps fs.ErrNotExist if there is none.
func (s *Store) ReadNotedPlan(hash string) (data []byte, path string, err error) {
	files := s.PlanFiles(hash)
	data, err = files.ReadFile(openPlanFile, disk.MaxRecord)
	return data, files.Path(openPlanFile), err
}

// ForgetRun removes the note of the open run of a sweep, if there is one, and its directory if it is empty
// then.
func (s *Store) ForgetRun(hash string) error {
	dir := path.Join(PlansDir, hash)
	for _, name := range []string{openPlanFile, openFile} {
		if err := s.files.RemoveAll(path.Join(dir, name)); err != nil {
			return fmt.Errorf("store: forget run: %w", err)
		}
	}
	_ = s.files.Remove(dir) // refused while other files are there
	return nil
}

// OpenRuns reads the notes of all open runs, sorted by hash. A note that cannot be read is among them, see
// OpenRun.Damaged.
func (s *Store) OpenRuns() ([]OpenRun, error) {
	files, err := s.planFiles(openFile)
	if err != nil {
		return nil, fmt.Errorf("store: read open runs: %w", err)
	}
	var runs []OpenRun
	for _, file := range files {
		var run OpenRun
		err := jsonfile.ReadIn(s.files, file.name, &run)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has just ended
		}
		if err != nil && !isDamage(err) {
			return nil, fmt.Errorf("store: read open runs: %w", err)
		}
		if err == nil && run.Format != openRunFormat {
			err = fmt.Errorf("%s has format %d, this program reads %d", s.files.Path(file.name), run.Format, openRunFormat)
		}
		if err == nil && run.Sweep != file.hash {
			err = fmt.Errorf("%s is about another run", s.files.Path(file.name))
		}
		if err != nil {
			run = OpenRun{Sweep: file.hash, Begun: file.written, Damaged: fmt.Errorf("store: read open run: %w", err)}
		}
		runs = append(runs, run)
	}
	return runs, nil
}
