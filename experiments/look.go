package experiments

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

	"backfire/internal/leases"
)

// failedDir is where a plan's directory notes the cells that were given up.
const failedDir = "failed"

// look is what a store says of the cells of a plan, by the names of its files.
type look struct {
	shelf  shelf
	held   map[string]bool    // somebody trains it, or died over it
	failed map[string]GivenUp // nobody is to try it again
}

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

// look looks.
func (s sharedStore) look(plan string) (look, error) {
	l := look{held: map[string]bool{}, failed: map[string]GivenUp{}}
	// Held before stored: a cell that is stored in between seems held at worst.
	held, err := s.Held()
	if err != nil {
		return look{}, err
	}
	for _, name := range held {
		l.held[name] = true
	}
	if l.shelf, err = s.shelf(); err != nil {
		return look{}, err
	}
	given, err := s.GivenUp(plan)
	if err != nil {
		return look{}, err
	}
	for _, g := range given {
		here, err := g.forThisHost()
		if err != nil {
			return look{}, err
		}
		if here {
			l.failed[g.Cell] = g
		}
	}
	return l, nil
}

// forThisHost says whether nobody of this host is to try the cell again.
func (g GivenUp) forThisHost() (bool, error) {
	host, err := os.Hostname()
	if err != nil {
		return false, fmt.Errorf("experiments: name of this host: %w", err)
	}
	return g.Final || len(g.Hosts) >= enoughHosts || slices.Contains(g.Hosts, host), nil
}

// names are the names of the results in the store.
func (s *Store) names() (map[string]bool, error) {
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

// newShelf lists the results in a store by their names.
func newShelf(s *Store) (shelf, error) {
	names, err := s.names()
	return shelf{newLibrary(s), names}, err
}

// Held returns the hashes of the cells that some process trains, or was training
// when it died.
func (s *Store) Held() ([]string, error) { return s.locks.Names() }

// Holder returns the process that trains the cell called hash, dead or alive; nil
// if no process has claimed it.
func (s *Store) Holder(hash string) (*leases.Holder, error) { return s.locks.Holder(hash) }

// GivenUp lists the cells of a plan that runners gave up, by hash.
func (s *Store) GivenUp(plan string) ([]GivenUp, error) {
	dir := filepath.Join(s.dir, plansDir, plan, failedDir)
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
		g, there, err := s.Failure(plan, strings.TrimSuffix(entry.Name(), ".json"))
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
func (s *Store) Failure(plan, cell string) (g GivenUp, there bool, err error) {
	err = readJSON(filepath.Join(s.dir, plansDir, plan, failedDir, cell+".json"), &g)
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
func (s *Store) giveUp(plan string, failure Failure, final bool) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("experiments: name of this host: %w", err)
	}
	g := GivenUp{Failure: failure, Final: final, Hosts: []string{host}, Time: time.Now().UTC()}
	before, _, err := s.Failure(plan, failure.Cell)
	if err != nil {
		return err
	}
	g.Hosts = slices.Concat(before.Hosts, g.Hosts)
	dir := filepath.Join(s.dir, plansDir, plan, failedDir)
	draft := filepath.Join(dir, "."+rand.Text())
	err = errors.Join(os.MkdirAll(dir, dirMode), writeJSON(draft, g), os.Rename(draft, filepath.Join(dir, failure.Cell+".json")))
	if err != nil {
		return fmt.Errorf("experiments: note failure: %w", err)
	}
	return nil
}

// Forgive forgets the failures of a plan, so that its cells are tried again.
func (s *Store) Forgive(plan string) error {
	if err := os.RemoveAll(filepath.Join(s.dir, plansDir, plan, failedDir)); err != nil {
		return fmt.Errorf("experiments: forget failures: %w", err)
	}
	return nil
}
