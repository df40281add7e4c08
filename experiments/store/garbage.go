package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"backfire/experiments/cell"
	"backfire/internal/disk"
)

// Garbage is something in a store that nothing refers to, or that only an open run needs.
type Garbage struct {
	Path  string
	Why   string // the reason why it is listed, for people
	Bytes int64
	// Open is the open run that would resume with it; nil if there is none.
	Open *OpenRun

	name string // below the store, with slashes
	hash string // of the cell whose claim is needed to remove it; empty: none
	note string // hash of the sweep whose note it is; empty: it is no note
}

// newGarbage returns garbage with a name below the store.
func (s *Store) newGarbage(name, why string) Garbage {
	return Garbage{Path: s.files.Path(name), Why: why, name: name}
}

// references returns the hashes of the cells that a file below plans/ refers to, given its base name and content.
// It returns an error for a file that might refer to any cell; plan.References is one.
type references func(name string, text []byte) ([]string, error)

// needs holds everything that files below plans/ need.
type needs struct {
	referenced map[string]bool     // cells, by plans and summaries
	cells      map[string]*OpenRun // needed by an open run
	states     map[string]*OpenRun // from which a cell starts that an open run needs and that is not stored
	open       []OpenRun
	unknown    *OpenRun // an open run whose note is damaged, so that it may need anything; nil: none
}

// run returns the open run among several that needs something, by its name; nil if none does.
func (n *needs) run(runs map[string]*OpenRun, name string) *OpenRun {
	if run := runs[name]; run != nil {
		return run
	}
	return n.unknown
}

// why returns the reason why something that an open run needs is listed.
func (n *needs) why(run *OpenRun) string {
	if run == n.unknown {
		return "an unfinished run whose note is damaged may resume from it"
	}
	return "an unfinished run resumes from it"
}

// Garbage lists what can be removed: results that no file below plans/ refers to, results that were set aside,
// and checkpoints and states of trainings, answers of programs, and modules, that were last written before a time;
// then what only open runs need, and their notes. It leaves out cells that a process holds the claim of.
//
// refer returns the hashes of the cells that a file below plans/ refers to, given its base name and
// content; plan.References is one. It is not called for notes of open runs. A file for which it returns an
// error might refer to any result: Garbage returns an error that names the file then. An open run whose note
// cannot be read may need all that nothing else needs.
func (s *Store) Garbage(before time.Time, refer func(name string, text []byte) ([]string, error)) ([]Garbage, error) {
	garbage, err := s.garbage(before, refer)
	if err != nil {
		return nil, fmt.Errorf("store: list garbage: %w", err)
	}
	slices.SortStableFunc(garbage, func(a, b Garbage) int {
		order := func(g Garbage) int { return map[bool]int{true: 1}[g.Open != nil] }
		return cmp.Compare(order(a), order(b))
	})
	return garbage, nil
}

func (s *Store) garbage(before time.Time, refer references) ([]Garbage, error) {
	needed, err := s.needs(refer)
	if err != nil {
		return nil, err
	}
	var garbage []Garbage
	for _, list := range []func(*needs, time.Time) ([]Garbage, error){s.unreferenced, s.asides, s.oldCheckpoints, s.oldStates, s.oldPatterns, s.oldModules, s.notes} {
		candidates, err := list(needed, before)
		if err != nil {
			return nil, err
		}
		for _, g := range candidates {
			free, err := s.free(g.hash)
			if err != nil {
				return nil, err
			}
			if !free {
				continue
			}
			if g.Bytes, err = s.files.Size(g.name); err != nil {
				return nil, err
			}
			garbage = append(garbage, g)
		}
	}
	return garbage, nil
}

// needs reads the files below plans/.
func (s *Store) needs(refer references) (*needs, error) {
	n := &needs{cells: map[string]*OpenRun{}, states: map[string]*OpenRun{}}
	var err error
	if n.referenced, err = s.referenced(refer); err != nil {
		return nil, err
	}
	if n.open, err = s.OpenRuns(); err != nil {
		return nil, err
	}
	live, err := s.liveRuns()
	if err != nil {
		return nil, err
	}
	for i := range n.open {
		n.open[i].Live = live[n.open[i].Sweep]
	}
	// What several runs need belongs to a live one, which is the last.
	slices.SortStableFunc(n.open, func(a, b OpenRun) int {
		order := func(r OpenRun) int { return map[bool]int{true: 1}[r.Live] }
		return cmp.Compare(order(a), order(b))
	})
	stored, err := s.Names()
	if err != nil {
		return nil, err
	}
	for i, run := range n.open {
		if run.Damaged != nil {
			n.unknown = &n.open[i]
		}
		for _, needed := range run.Cells {
			n.cells[needed.Cell] = &n.open[i]
			if stored[needed.Cell] {
				continue
			}
			furthest := slices.IndexFunc(needed.States, func(state string) bool {
				_, err := s.files.Stat(cell.StateFile(stateDir, state))
				return err == nil
			})
			if furthest >= 0 {
				n.states[needed.States[furthest]] = &n.open[i]
			}
		}
	}
	return n, nil
}

// referenced returns the cells that files below plans/ refer to.
func (s *Store) referenced(refer references) (map[string]bool, error) {
	cells := map[string]bool{}
	names, err := s.files.Files(PlansDir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if path.Base(name) == openFile {
			continue
		}
		hashes, err := func() ([]string, error) {
			text, err := s.files.ReadFile(path.Join(PlansDir, name), disk.MaxRecord)
			if err != nil {
				return nil, err
			}
			return refer(path.Base(name), text)
		}()
		switch isNote := path.Base(path.Dir(name)) == failedDir; {
		case errors.Is(err, fs.ErrNotExist):
			continue // removed meanwhile
		case isNote && isDamage(err):
			continue // it is about a cell that has no result
		case err != nil:
			return nil, fmt.Errorf("%s might refer to any result: %w: restore or remove the file", s.files.Path(path.Join(PlansDir, name)), err)
		}
		for _, hash := range hashes {
			cells[hash] = true
		}
	}
	return cells, nil
}

// free reports whether no process holds the claim of a cell.
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

// unreferenced lists results that no file below plans/ refers to, except notes of open runs.
func (s *Store) unreferenced(needed *needs, _ time.Time) ([]Garbage, error) {
	hashes, err := s.Hashes()
	if err != nil {
		return nil, err
	}
	var garbage []Garbage
	for _, hash := range hashes {
		if needed.referenced[hash] {
			continue
		}
		g := s.newGarbage(hash, "no run, sweep or table in plans names it")
		g.Open, g.hash = needed.run(needed.cells, hash), hash
		if g.Open != nil {
			g.Why = needed.why(g.Open)
		}
		garbage = append(garbage, g)
	}
	return garbage, nil
}

// asides lists damaged results that were set aside.
func (s *Store) asides(*needs, time.Time) ([]Garbage, error) {
	entries, err := s.files.ReadDir(asideDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var garbage []Garbage
	for _, entry := range entries {
		garbage = append(garbage, s.newGarbage(path.Join(asideDir, entry.Name), "damaged, set aside"))
	}
	return garbage, nil
}

// oldCheckpoints lists checkpoints that were last written before a time, or that an open run needs.
func (s *Store) oldCheckpoints(needed *needs, before time.Time) ([]Garbage, error) {
	hashes, err := s.files.Names(workDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	slices.Sort(hashes)
	var names []string
	for _, hash := range hashes {
		names = append(names, path.Join(workDir, hash, CheckpointFile))
	}
	return s.old(needed, names, before, "checkpoint of a training that stopped", func(name string) (*OpenRun, string) {
		hash := path.Base(path.Dir(name))
		return needed.run(needed.cells, hash), hash
	})
}

// oldStates lists states that several cells start from and that were last written before a time, or that an
// open run needs.
func (s *Store) oldStates(needed *needs, before time.Time) ([]Garbage, error) {
	states, err := s.files.Names(stateDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	slices.Sort(states)
	var names []string
	for _, state := range states {
		names = append(names, path.Join(stateDir, state))
	}
	return s.old(needed, names, before, "state in a training that others went on from, left", func(name string) (*OpenRun, string) {
		return needed.run(needed.states, strings.TrimSuffix(path.Base(name), cell.StateSuffix)), ""
	})
}

// old lists files that were last written before a time, or that an open run needs. need returns that run, and
// the cell whose claim is needed to remove the file.
func (s *Store) old(needed *needs, names []string, before time.Time, what string, need func(name string) (open *OpenRun, claim string)) ([]Garbage, error) {
	var garbage []Garbage
	for _, name := range names {
		info, err := s.files.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, disk.ErrLink) || errors.Is(err, syscall.ENOTDIR) {
			continue // a working directory without a checkpoint, or what is no working directory
		}
		if err != nil {
			return nil, err
		}
		g := s.newGarbage(name, "")
		written := info.ModTime
		switch g.Open, g.hash = need(name); {
		case g.Open != nil:
			g.Why = needed.why(g.Open)
		case written.Before(before):
			g.Why = fmt.Sprintf("%s on %s", what, written.UTC().Format(time.DateOnly))
		default:
			continue
		}
		garbage = append(garbage, g)
	}
	return garbage, nil
}

// notes lists the notes of open runs.
func (s *Store) notes(needed *needs, _ time.Time) ([]Garbage, error) {
	var garbage []Garbage
	for i, run := range needed.open {
		g := s.newGarbage(path.Join(PlansDir, run.Sweep, openFile), "note of an unfinished run")
		if run.Damaged != nil {
			g.Why = "damaged note of an unfinished run"
		}
		g.Open, g.note = &needed.open[i], run.Sweep
		garbage = append(garbage, g)
	}
	return garbage, nil
}

// Remove removes something that Garbage listed. The error wraps ErrTaken or ErrLost if another process has
// taken the claim in the meantime, or ErrTaken if a live run needs it; nothing is removed then.
func (s *Store) Remove(g Garbage) error {
	if err := s.inUse(g); err != nil {
		return fmt.Errorf("store: remove garbage: %w", err)
	}
	switch {
	case g.note != "":
		if err := s.ForgetRun(g.note); err != nil {
			return fmt.Errorf("store: remove garbage: %w", err)
		}
		return nil
	case g.hash == "":
		if err := s.files.RemoveAll(g.name); err != nil {
			return fmt.Errorf("store: remove garbage: %w", err)
		}
		return nil
	}
	claim, err := s.Claim(g.hash)
	if err != nil {
		return err
	}
	// In one step, so that no process finds half a result.
	if err = claim.Check(); err == nil {
		err = s.files.MoveTo(g.name, claim.dir(), "removed")
	}
	if err := errors.Join(err, claim.Release()); err != nil {
		return fmt.Errorf("store: remove garbage: %w", err)
	}
	return nil
}
