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
	"syscall"
	"time"

	"backfire/internal/leases"
)

// failedDir is where a plan's directory notes the cells that were given up.
const failedDir = "failed"

// GivenUp is a cell that runners of a plan failed to train.
type GivenUp struct {
	Failure
	Final bool      `json:"final"` // trying again has no use
	Hosts []string  `json:"hosts"` // that gave it up
	Time  time.Time `json:"time"`  // of the last time, UTC
}

// enoughHosts is how many hosts have to give a cell up before nobody tries it
// again: the first one may be to blame.
const enoughHosts = 2

// forThisHost says whether nobody of this host is to try the cell again.
func (g GivenUp) ForThisHost() (bool, error) {
	host, err := os.Hostname()
	if err != nil {
		return false, fmt.Errorf("experiments: name of this host: %w", err)
	}
	return g.Final || len(g.Hosts) >= enoughHosts || slices.Contains(g.Hosts, host), nil
}

// names are the names of the results in the store.
func (s *Store) Names() (map[string]bool, error) {
	dir, err := os.Open(s.dir)
	if err != nil {
		return nil, fmt.Errorf("experiments: list store: %w", err)
	}
	defer dir.Close()
	entries, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("experiments: list store: %w", err)
	}
	names := make(map[string]bool, len(entries))
	for _, name := range entries {
		names[name] = true
	}
	return names, nil
}

// Held returns the hashes of the cells that some process trains, or was training
// when it died.
func (s *Store) Held() ([]string, error) { return s.locks.Names() }

// Holder returns the process that trains the cell called hash, dead or alive; nil
// if no process has claimed it.
func (s *Store) Holder(hash string) (*leases.Holder, error) { return s.locks.Holder(hash) }

// GivenUp lists the cells of a plan that runners gave up, by hash.
func (s *Store) GivenUp(plan string) ([]GivenUp, error) {
	dir := filepath.Join(s.dir, PlansDir, plan, failedDir)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("experiments: list failures: %w", err)
	}
	var all []GivenUp
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		g, there, err := s.FailureOf(plan, strings.TrimSuffix(entry.Name(), ".json"))
		if err != nil {
			return nil, err
		}
		if there {
			all = append(all, g)
		}
	}
	return all, nil
}

// Failure is the note that a cell of a plan was given up, if there is one.
func (s *Store) FailureOf(plan, cell string) (g GivenUp, there bool, err error) {
	err = ReadJSON(filepath.Join(s.dir, PlansDir, plan, failedDir, cell+".json"), &g)
	if errors.Is(err, fs.ErrNotExist) {
		return GivenUp{}, false, nil
	}
	if err != nil {
		return GivenUp{}, false, fmt.Errorf("experiments: read failure: %w", err)
	}
	return g, true, nil
}

// giveUp notes that this host failed to train a cell of a plan. Only the holder
// of the cell's claim may do that.
func (s *Store) NoteFailure(plan string, failure Failure, final bool) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("experiments: name of this host: %w", err)
	}
	g := GivenUp{Failure: failure, Final: final, Hosts: []string{host}, Time: time.Now().UTC()}
	before, _, err := s.FailureOf(plan, failure.Cell)
	if err != nil {
		return err
	}
	g.Hosts = slices.Concat(before.Hosts, g.Hosts)
	dir := filepath.Join(s.dir, PlansDir, plan, failedDir)
	draft := filepath.Join(dir, "."+rand.Text())
	err = errors.Join(os.MkdirAll(dir, DirMode), WriteJSON(draft, g), os.Rename(draft, filepath.Join(dir, failure.Cell+".json")))
	if err != nil {
		return fmt.Errorf("experiments: note failure: %w", err)
	}
	return nil
}

// Forgive forgets the failures of a plan, so that its cells are tried again.
func (s *Store) Forgive(plan string) error {
	if err := os.RemoveAll(filepath.Join(s.dir, PlansDir, plan, failedDir)); err != nil {
		return fmt.Errorf("experiments: forget failures: %w", err)
	}
	return nil
}

// Failure is a cell that could not be trained.
type Failure struct {
	Cell  string `json:"cell"` // hash
	Title string `json:"title"`
	Error string `json:"error"`
}

// isFull says whether an error means that nothing more can be written.
func IsFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// oneLine is the text of an error without line breaks.
func OneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
}
