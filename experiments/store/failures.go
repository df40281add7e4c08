package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// GivenUp lists the cells of a plan that runners gave up, by hash.
func (s *Store) GivenUp(plan string) ([]GivenUp, error) {
	entries, err := os.ReadDir(s.failures(plan))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("store: list failures: %w", err)
	}
	var all []GivenUp
	for _, entry := range entries {
		cell, isNote := strings.CutSuffix(entry.Name(), ".json")
		if !isNote {
			continue
		}
		g, exists, err := s.FailureOf(plan, cell)
		if err != nil {
			return nil, err
		}
		if exists {
			all = append(all, g)
		}
	}
	return all, nil
}

// failures returns the directory of the notes of a plan.
func (s *Store) failures(plan string) string { return filepath.Join(s.PlanDir(plan), failedDir) }

// FailureOf returns the note that a cell of a plan was given up; false if it was not.
func (s *Store) FailureOf(plan, cell string) (g GivenUp, exists bool, err error) {
	err = jsonfile.Read(filepath.Join(s.failures(plan), cell+".json"), &g)
	if errors.Is(err, fs.ErrNotExist) {
		return GivenUp{}, false, nil
	}
	if err != nil {
		return GivenUp{}, false, fmt.Errorf("store: read failure: %w", err)
	}
	return g, true, nil
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
	dir := s.failures(plan)
	draft := filepath.Join(dir, "."+rand.Text())
	err = errors.Join(os.MkdirAll(dir, disk.DirMode), jsonfile.Write(draft, g), os.Rename(draft, filepath.Join(dir, failure.Cell+".json")))
	if err != nil {
		return fmt.Errorf("store: note failure: %w", err)
	}
	return nil
}

// Forgive removes the notes of a plan's failures, so that its cells are tried once more.
func (s *Store) Forgive(plan string) error {
	if err := os.RemoveAll(s.failures(plan)); err != nil {
		return fmt.Errorf("store: forget failures: %w", err)
	}
	return nil
}
