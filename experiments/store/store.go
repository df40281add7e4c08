package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"backfire/internal/disk"
	"backfire/internal/leases"
)

// Sentinels of the store.
var (
	// ErrNotStored marks a cell that the store has no result for.
	ErrNotStored = errors.New("not stored")
	// ErrBroken marks a stored result that is not whole: a file is missing, does not fit its checksum or does
	// not parse.
	ErrBroken = errors.New("stored result is broken")
	// ErrStore marks a directory that cannot serve as a store.
	ErrStore = errors.New("cannot use the store")
	// ErrAmbiguous marks a prefix that several stored results begin with.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrTaken marks a cell whose claim another process holds, or another runner in this process: the cell is
	// being trained.
	ErrTaken = leases.ErrTaken
	// ErrLost marks a claim that another process took over because it believed the holder dead.
	ErrLost = leases.ErrLost
)

// PlansDir is the directory of a store with one directory per plan, named by the plan's hash. Results lie
// directly in the store, under their hashes.
const PlansDir = "plans"

// The directories of a store whose names no other package needs.
const (
	locksDir = ".locks"  // one lease per cell that is being trained
	workDir  = ".work"   // one directory per cell that is being trained, or has a checkpoint
	stateDir = ".states" // one file per state that several cells start from
	asideDir = "aside"   // broken results, kept for inspection
)

// Store is a directory of results. A Store may be used by several goroutines at once.
type Store struct {
	dir   string
	files disk.Dir
	locks *leases.Registry
}

// Open makes the directory a store, or opens the store that it is, and proves that it can be written to. The
// error wraps ErrStore.
func Open(dir string) (*Store, error) {
	s := newStore(dir)
	for _, sub := range []string{locksDir, workDir, PlansDir} {
		if err := s.files.MkdirAll(sub); err != nil {
			return nil, unusable(dir, err)
		}
	}
	// A claim exercises all that a run needs: locking, making, removing.
	claim, err := s.Claim("probe")
	if errors.Is(err, ErrTaken) {
		return s, nil
	}
	if err != nil {
		return nil, unusable(dir, err)
	}
	if err := claim.Release(); err != nil {
		return nil, unusable(dir, err)
	}
	return s, nil
}

func newStore(dir string) *Store {
	// The files of leases lie below the store: no link there is followed, that of locksDir included.
	locks := leases.New(filepath.Join(dir, locksDir), leases.Options{Files: leases.Disk{Base: dir}})
	return &Store{dir: dir, files: disk.In(dir), locks: locks}
}

func unusable(dir string, cause error) error {
	return fmt.Errorf("store: open %q: %w: %w: name a directory that you may write to", dir, ErrStore, cause)
}

// OpenExisting opens a store for reading: unlike Open it makes nothing. The error wraps ErrStore if the
// directory is not a store.
func OpenExisting(dir string) (*Store, error) {
	s := newStore(dir)
	info, err := s.files.Stat(PlansDir)
	switch {
	case err == nil && info.IsLink():
		return nil, fmt.Errorf("store: open %q: %w: %s is %w", dir, ErrStore, PlansDir, disk.ErrLink)
	case err != nil || !info.IsDir():
		return nil, fmt.Errorf("store: open %q: %w: no run has stored anything there", dir, ErrStore)
	}
	return s, nil
}

// WithLeases returns the same store with claims that are leases of another registry.
func (s *Store) WithLeases(registry *leases.Registry) *Store {
	return &Store{dir: s.dir, files: s.files, locks: registry}
}

// Dir returns the directory of the store.
func (s *Store) Dir() string { return s.dir }

// Path returns the directory of the result of the cell called hash, whether it is stored or not.
func (s *Store) Path(hash string) string { return s.files.Path(hash) }

// Files returns the directory of the store, below which no link is followed.
func (s *Store) Files() disk.Dir { return s.files }

// States returns the directory of the states that several cells start from, as an absolute path. It may be
// missing; a training that does not find a state there starts further back.
func (s *Store) States() (string, error) {
	path, err := filepath.Abs(filepath.Join(s.dir, stateDir))
	if err != nil {
		return "", fmt.Errorf("store: locate states: %w", err)
	}
	return path, nil
}

// Held returns the hashes of the cells that a process trains, or was training when it died.
func (s *Store) Held() ([]string, error) {
	names, err := s.locks.Names()
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, holdPrefix) }), err
}

// Holder returns the process that trains the cell called hash, dead or alive; nil if no process has claimed
// it.
func (s *Store) Holder(hash string) (*leases.Holder, error) { return s.locks.Holder(hash) }

// Tidy removes the working directories and locks of dead processes. It keeps those of living ones, and the
// checkpoints of cells that are not stored yet.
func (s *Store) Tidy() error {
	if err := s.locks.Tidy(); err != nil {
		return err
	}
	names, err := s.locks.Names()
	if err != nil {
		return err
	}
	working, err := s.files.Names(workDir)
	if err != nil {
		return fmt.Errorf("store: tidy: %w", err)
	}
	for _, name := range append(names, working...) {
		claim, err := s.Claim(name)
		if errors.Is(err, ErrTaken) {
			continue
		}
		if err != nil {
			return err
		}
		if err := claim.Release(); err != nil {
			return err
		}
	}
	return nil
}

// SetAside moves the broken result of a claimed cell out of the way and returns its new path. The error wraps
// ErrLost if another process took the cell over; nothing is moved then.
func (s *Store) SetAside(claim *Claim) (string, error) {
	path, err := s.setAside(claim)
	if err != nil {
		return "", fmt.Errorf("store: set aside %s: %w", claim.hash, err)
	}
	return path, nil
}

func (s *Store) setAside(claim *Claim) (string, error) {
	if err := s.files.MkdirAll(asideDir); err != nil {
		return "", err
	}
	for k := 1; ; k++ {
		to := path.Join(asideDir, fmt.Sprintf("%s-%d", claim.hash, k))
		if _, err := s.files.Stat(to); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if err := claim.Check(); err != nil {
			return "", err
		}
		if err := s.files.Rename(claim.hash, to); err != nil {
			return "", err
		}
		return s.files.Path(to), s.files.Sync(asideDir, ".")
	}
}
