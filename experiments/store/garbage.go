package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Garbage is something in a store that nothing refers to, or that an open run alone
// needs.
type Garbage struct {
	Path  string
	Why   string
	Bytes int64
	// Open is the open run that would go on with it; nil: none.
	Open *OpenRun

	hash string // of the cell whose claim it takes to remove it; empty: none
	note string // hash of the run whose note it is; empty: it is none
}

// needs is what files below plans/ refer to.
type needs struct {
	named  map[string]bool     // by the files of runs that came to their end, and plans
	cells  map[string]*OpenRun // wanted by an open run
	states map[string]*OpenRun // that a cell that is wanted and not stored goes on from
	open   []OpenRun
}

// Garbage lists what can go: results that no file below plans/ names, results
// that were set aside, and checkpoints and states in training that were last written
// before a time; then what only runs need that have begun and not come to their end,
// and the notes of these. What somebody holds the claim of is left out.
func (s *Store) Garbage(before time.Time) ([]Garbage, error) {
	needed, err := s.needs()
	if err != nil {
		return nil, fmt.Errorf("experiments: list garbage: %w", err)
	}
	var found []Garbage
	for _, list := range []func(*needs, time.Time) ([]Garbage, error){s.unreferenced, s.asides, s.oldCheckpoints, s.oldStates, s.notes} {
		some, err := list(needed, before)
		if err != nil {
			return nil, fmt.Errorf("experiments: list garbage: %w", err)
		}
		for _, g := range some {
			free, err := s.free(g.hash)
			if err != nil {
				return nil, err
			}
			if !free {
				continue
			}
			if g.Bytes, err = Bytes(g.Path); err != nil {
				return nil, err
			}
			found = append(found, g)
		}
	}
	slices.SortStableFunc(found, func(a, b Garbage) int {
		order := func(g Garbage) int { return map[bool]int{true: 1}[g.Open != nil] }
		return order(a) - order(b)
	})
	return found, nil
}

// needs reads what lies below plans/.
func (s *Store) needs() (*needs, error) {
	n := &needs{named: map[string]bool{}, cells: map[string]*OpenRun{}, states: map[string]*OpenRun{}}
	err := filepath.WalkDir(filepath.Join(s.dir, PlansDir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == OpenFile {
			return err
		}
		text, err := os.ReadFile(path)
		for word := range bytes.FieldsFuncSeq(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) {
			n.named[string(word)] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if n.open, err = s.OpenRuns(); err != nil {
		return nil, err
	}
	stored, err := s.Names()
	if err != nil {
		return nil, err
	}
	for i, run := range n.open {
		for _, cell := range run.Cells {
			n.cells[cell.Cell] = &n.open[i]
			if stored[cell.Cell] {
				continue
			}
			furthest := slices.IndexFunc(cell.States, func(state string) bool {
				_, err := os.Stat(StateFile(filepath.Join(s.dir, stateDir), state))
				return err == nil
			})
			if furthest >= 0 {
				n.states[cell.States[furthest]] = &n.open[i]
			}
		}
	}
	return n, nil
}

// free says whether nobody holds the claim of a cell.
func (s *Store) free(hash string) (bool, error) {
	if hash == "" {
		return true, nil
	}
	claim, err := s.Claim(hash)
	if errors.Is(err, ErrTaken) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, claim.Release()
}

// needing is the reason why something that an open run needs is listed.
const needing = "a run that has not come to its end goes on with it"

// unreferenced lists results that no file below plans/ names, but for notes of open
// runs.
func (s *Store) unreferenced(needed *needs, _ time.Time) ([]Garbage, error) {
	hashes, err := s.Hashes()
	if err != nil {
		return nil, err
	}
	var found []Garbage
	for _, hash := range hashes {
		if needed.named[hash] {
			continue
		}
		g := Garbage{Path: s.Path(hash), Why: "no run, sweep or table in plans names it", Open: needed.cells[hash], hash: hash}
		if g.Open != nil {
			g.Why = needing
		}
		found = append(found, g)
	}
	return found, nil
}

// asides lists damaged results that were set aside.
func (s *Store) asides(*needs, time.Time) ([]Garbage, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, asideDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var found []Garbage
	for _, entry := range entries {
		found = append(found, Garbage{Path: filepath.Join(s.dir, asideDir, entry.Name()), Why: "damaged, set aside"})
	}
	return found, nil
}

// oldCheckpoints lists checkpoints that were last written before a time, or that an
// open run needs.
func (s *Store) oldCheckpoints(needed *needs, before time.Time) ([]Garbage, error) {
	paths, err := filepath.Glob(filepath.Join(s.dir, workDir, "*", CheckpointFile))
	if err != nil {
		return nil, err
	}
	return old(paths, before, "checkpoint of a training that stopped", func(path string) (*OpenRun, string) {
		hash := filepath.Base(filepath.Dir(path))
		return needed.cells[hash], hash
	})
}

// oldStates lists states that several cells go on from and that were last written
// before a time, or that an open run needs.
func (s *Store) oldStates(needed *needs, before time.Time) ([]Garbage, error) {
	paths, err := filepath.Glob(filepath.Join(s.dir, stateDir, "*"))
	if err != nil {
		return nil, err
	}
	return old(paths, before, "state in a training that others went on from, left", func(path string) (*OpenRun, string) {
		return needed.states[strings.TrimSuffix(filepath.Base(path), stateSuffix)], ""
	})
}

// old lists files that were last written before a time, or that an open run needs.
// whose says which run that is, and whose claim it takes to remove a file.
func old(paths []string, before time.Time, what string, whose func(path string) (open *OpenRun, claim string)) ([]Garbage, error) {
	var found []Garbage
	for _, path := range paths {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		g := Garbage{Path: path}
		written := info.ModTime()
		switch g.Open, g.hash = whose(path); {
		case g.Open != nil:
			g.Why = needing
		case written.Before(before):
			g.Why = fmt.Sprintf("%s on %s", what, written.UTC().Format(time.DateOnly))
		default:
			continue
		}
		found = append(found, g)
	}
	return found, nil
}

// notes lists the notes of open runs.
func (s *Store) notes(needed *needs, _ time.Time) ([]Garbage, error) {
	var found []Garbage
	for i, run := range needed.open {
		found = append(found, Garbage{
			Path: filepath.Join(s.PlanDir(run.Sweep), OpenFile), Why: "note of a run that has not come to its end",
			Open: &needed.open[i], note: run.Sweep,
		})
	}
	return found, nil
}

// Remove removes what Garbage listed. The error wraps ErrTaken where somebody has
// taken the claim meanwhile; nothing is removed then.
func (s *Store) Remove(g Garbage) error {
	if g.note != "" {
		if err := s.ForgetRun(g.note); err != nil {
			return fmt.Errorf("experiments: remove garbage: %w", err)
		}
		return nil
	}
	if g.hash == "" {
		if err := os.RemoveAll(g.Path); err != nil {
			return fmt.Errorf("experiments: remove garbage: %w", err)
		}
		return nil
	}
	claim, err := s.Claim(g.hash)
	if err != nil {
		return err
	}
	// Out of the way in one step, so that nobody finds half a result.
	err = os.Rename(g.Path, filepath.Join(claim.dir(), "removed"))
	if err := errors.Join(err, claim.Release()); err != nil {
		return fmt.Errorf("experiments: remove garbage: %w", err)
	}
	return nil
}
