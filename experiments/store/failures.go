package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// failedDir is the directory, within a plan's, of the notes of cells that were given up.
const failedDir = "failed"

// enoughHosts is the number of hosts that have to give a cell up before no host tries it any more: the first
// one may be to blame.
const enoughHosts = 2

// Failure is a cell that could not be trained.
type Failure struct {
	Cell  string `json:"cell"` // hash
	Title string `json:"title"`
	Error string `json:"error"`
}

// OneLine returns the text of an error without line breaks.
func OneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
}

// GivenUp is a cell that runners of a plan failed to train.
type GivenUp struct {
	Failure
	Final bool      `json:"final"` // a retry would fail in the same way
	Hosts []string  `json:"hosts"` // that gave it up
	Time  time.Time `json:"time"`  // of the last time, UTC
}

// ForThisHost reports whether no process of this host should try the cell any more.
func (g GivenUp) ForThisHost() (bool, error) {
	host, err := os.Hostname()
	if err != nil {
		return false, fmt.Errorf("store: name of this host: %w", err)
	}
	return g.Final || len(g.Hosts) >= enoughHosts || slices.Contains(g.Hosts, host), nil
}

// GivenUp lists the cells of a plan that runners gave up, by hash. It leaves out notes that cannot be read: their
// cells are tried once more.
func (s *Store) GivenUp(plan string) ([]GivenUp, error) {
	all, _, err := s.givenUp(plan)
	return all, err
}

// DamagedFailures lists the notes of a plan that cannot be read, each with the reason.
func (s *Store) DamagedFailures(plan string) ([]error, error) {
	_, damaged, err := s.givenUp(plan)
	return damaged, err
}

// givenUp reads the notes of a plan's failures.
func (s *Store) givenUp(plan string) (all []GivenUp, damaged []error, err error) {
	entries, err := s.failures(plan).ReadDir(".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("store: list failures: %w", err)
	}
	for _, entry := range entries {
		cell, isNote := strings.CutSuffix(entry.Name, ".json")
		if !isNote {
			continue
		}
		g, err := s.readFailure(plan, cell)
		switch {
		case errors.Is(err, fs.ErrNotExist): // forgiven meanwhile
		case isDamage(err):
			damaged = append(damaged, err)
		case err != nil:
			return nil, nil, err
		default:
			all = append(all, g)
		}
	}
	return all, damaged, nil
}

// failures returns the directory of the notes of a plan.
func (s *Store) failures(plan string) disk.Dir { return s.PlanFiles(plan).Sub(failedDir) }

// readFailure reads the note that a cell was given up.
func (s *Store) readFailure(plan, cell string) (GivenUp, error) {
	var g GivenUp
	err := jsonfile.ReadIn(s.failures(plan), cell+".json", &g)
	if err == nil && g.Cell != cell {
		err = fmt.Errorf("%s is about another cell", s.failures(plan).Path(cell+".json"))
	}
	if err != nil {
		return GivenUp{}, fmt.Errorf("store: read failure: %w", err)
	}
	return g, nil
}

// FailureOf returns the note that a cell of a plan was given up; false if it was not, or if its note cannot be
// read.
func (s *Store) FailureOf(plan, cell string) (g GivenUp, exists bool, err error) {
	g, err = s.readFailure(plan, cell)
	switch {
	case errors.Is(err, fs.ErrNotExist) || isDamage(err):
		return GivenUp{}, false, nil
	case err != nil:
		return GivenUp{}, false, err
	}
	return g, true, nil
}

// isDamage reports whether an error means that a file is not as it was written, and not that it could not be
// read.
func isDamage(err error) bool {
	_, fromSystem := errors.AsType[syscall.Errno](err)
	return err != nil && !fromSystem
}

// NoteFailure notes that this host failed to train a cell of a plan. The claim of the cell must be held.
func (s *Store) NoteFailure(plan string, failure Failure, final bool) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("store: name of this host: %w", err)
	}
	g := GivenUp{Failure: failure, Final: final, Hosts: []string{host}, Time: time.Now().UTC()}
	before, _, err := s.FailureOf(plan, failure.Cell)
	if err != nil {
		return err
	}
	g.Hosts = slices.Concat(before.Hosts, g.Hosts)
	dir, note, draft := s.failures(plan), failure.Cell+".json", "."+rand.Text()
	err = errors.Join(dir.MkdirAll("."), jsonfile.WriteIn(dir, draft, g))
	if info, statErr := dir.Stat(note); statErr == nil && info.IsDir() {
		err = errors.Join(err, dir.RemoveAll(note)) // what is no note
	}
	if err := errors.Join(err, dir.Rename(draft, note)); err != nil {
		return fmt.Errorf("store: note failure: %w", err)
	}
	return nil
}

// Forgive removes the notes of a plan's failures, so that its cells are tried once more.
func (s *Store) Forgive(plan string) error {
	if err := s.PlanFiles(plan).RemoveAll(failedDir); err != nil {
		return fmt.Errorf("store: forget failures: %w", err)
	}
	return nil
}
