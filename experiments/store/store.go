package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"backfire/game"
	"backfire/internal/leases"
)

// Sentinels of the store.
var (
	// ErrNotStored says that the store has no result for a cell.
	ErrNotStored = errors.New("not stored")
	// ErrBroken says that what the store has for a cell is not whole: a file
	// is missing, does not fit its checksum or does not parse.
	ErrBroken = errors.New("stored result is broken")
	// ErrStore says that a directory cannot serve as a store.
	ErrStore = errors.New("cannot use the store")
)

// The directories of a store. Cells lie directly in it, under their hashes.
const (
	locksDir = ".locks"  // one lease per cell that is being trained
	workDir  = ".work"   // one directory per cell that is being trained, or has a checkpoint
	stateDir = ".states" // one file per state that several cells go on from
	asideDir = "aside"   // broken results, kept for whoever wants to look
	PlansDir = "plans"   // one directory per plan, with its summary
)

const (
	DirMode  = 0o755
	FileMode = 0o644

	stateSuffix = ".safetensors"
)

// Store is a directory of results, one directory per cell. What stands under a
// cell's hash is whole: a result is written to a working directory, synced and
// renamed. Any number of processes may share a store.
type Store struct {
	dir   string
	locks *leases.Registry
}

// OpenStore makes the directory a store, or opens the one it is, and proves
// that it can be written to. The error wraps ErrStore.
func Open(dir string) (*Store, error) {
	s := &Store{dir: dir, locks: leases.New(filepath.Join(dir, locksDir), leases.Options{})}
	for _, sub := range []string{locksDir, workDir, PlansDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), DirMode); err != nil {
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

func unusable(dir string, cause error) error {
	return fmt.Errorf("experiments: open store %q: %w: %w: name a directory that you may write to", dir, ErrStore, cause)
}

// OpenWith returns the store in dir whose claims are leases of a registry of the
// caller's. It neither makes nor checks anything.
func OpenWith(dir string, locks *leases.Registry) *Store { return &Store{dir: dir, locks: locks} }

// Dir is the directory of the store.
func (s *Store) Dir() string { return s.dir }

// Path is the directory where the result of the cell called hash lies or will
// lie.
func (s *Store) Path(hash string) string { return filepath.Join(s.dir, hash) }

// States is the directory of the states that several cells go on from, absolute.
// It may be missing; what is missing in it is trained again.
func (s *Store) States() (string, error) {
	path, err := filepath.Abs(filepath.Join(s.dir, stateDir))
	if err != nil {
		return "", fmt.Errorf("experiments: states of the store: %w", err)
	}
	return path, nil
}

// Tidy removes the working directories and locks that dead processes left.
// What living ones use stays, and so do the checkpoints of cells that are not
// stored yet.
func (s *Store) Tidy() error {
	if err := s.locks.Tidy(); err != nil {
		return err
	}
	names, err := s.locks.Names()
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, workDir))
	if err != nil {
		return fmt.Errorf("experiments: tidy store: %w", err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	for _, name := range names {
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

// SetAside moves the broken result of a cell out of the way and returns where
// it is now. Only the holder of the cell's claim may do that.
func (s *Store) SetAside(claim *Claim) (string, error) {
	if err := os.MkdirAll(filepath.Join(s.dir, asideDir), DirMode); err != nil {
		return "", fmt.Errorf("experiments: set aside %s: %w", claim.hash, err)
	}
	for k := 1; ; k++ {
		to := filepath.Join(s.dir, asideDir, fmt.Sprintf("%s-%d", claim.hash, k))
		if _, err := os.Lstat(to); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("experiments: set aside %s: %w", claim.hash, err)
		}
		if err := os.Rename(s.Path(claim.hash), to); err != nil {
			return "", fmt.Errorf("experiments: set aside %s: %w", claim.hash, err)
		}
		return to, SyncAll(filepath.Join(s.dir, asideDir), s.dir)
	}
}

// Claim is the right of this process to produce one cell, and a directory to do
// it in.
type Claim struct {
	store *Store
	hash  string
	lock  *leases.Lease
	name  string // of the working directory, within the cell's
}

// Claim takes the right to produce the cell called hash, with an empty working
// directory. The error wraps ErrTaken when somebody else has it.
func (s *Store) Claim(hash string) (*Claim, error) {
	// Copies of a store may lack directories that were empty.
	if err := os.MkdirAll(filepath.Join(s.dir, locksDir), DirMode); err != nil {
		return nil, fmt.Errorf("experiments: claim %s: %w", hash, err)
	}
	c, err := s.Reserve(hash)
	if err != nil {
		return nil, err
	}
	if err := c.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("experiments: claim %s: %w", hash, err), c.lock.Release())
	}
	return c, nil
}

// Reserve takes the same right without making the working directory. The error wraps
// ErrTaken when another process has the cell.
func (s *Store) Reserve(hash string) (*Claim, error) {
	lock, err := s.locks.TryLock(hash)
	if err != nil {
		return nil, err
	}
	return &Claim{store: s, hash: hash, lock: lock, name: rand.Text()}, nil
}

// Check returns an error that wraps ErrLost when another process has taken the cell
// over.
func (c *Claim) Check() error { return c.lock.Check() }

// Hash returns the name of the claimed cell.
func (c *Claim) Hash() string { return c.hash }

// Lost is closed when another process has taken the cell over, in the belief that
// this one is dead: what is worked on is worked on twice.
func (c *Claim) Lost() <-chan struct{} { return c.lock.Lost() }

// Dir is the working directory, absolute so that a worker process can use it.
func (c *Claim) Dir() (string, error) { return c.absolute(c.dir()) }

// Checkpoint is where the cell's checkpoint lies or is to be written, absolute.
// It outlives the claim: whoever takes the cell next goes on from there, until
// the cell is stored.
func (c *Claim) Checkpoint() (string, error) { return c.absolute(c.checkpoint()) }

func (c *Claim) absolute(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("experiments: working directory of %s: %w", c.hash, err)
	}
	return path, nil
}

// base holds the working directory. It belongs to the cell, not to the claim:
// whoever takes the claim after a process died finds what that one left.
func (c *Claim) base() string { return filepath.Join(c.store.dir, workDir, c.hash) }

// dir has a name of its own for every claim: a worker that outlives its parent
// for a moment cannot write into its successor's files.
func (c *Claim) dir() string { return filepath.Join(c.base(), c.name) }

func (c *Claim) checkpoint() string { return filepath.Join(c.base(), CheckpointFile) }

// begin removes what a dead process left, but for its checkpoint, and makes the
// working directory.
func (c *Claim) begin() error {
	if err := c.clear(); err != nil {
		return err
	}
	return os.MkdirAll(c.dir(), DirMode)
}

// clear removes all that lies in base but the checkpoint.
func (c *Claim) clear() error {
	entries, err := os.ReadDir(c.base())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == CheckpointFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.base(), entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Draft reads the result that lies in the working directory.
func (c *Claim) Draft() (Result, error) {
	result, err := ReadResult(c.dir())
	if err != nil {
		return Result{}, fmt.Errorf("experiments: read new result %s: %w", c.hash, err)
	}
	return result, nil
}

// Commit makes the working directory, with the result as it is given, the cell's
// result: it writes the manifest, syncs every file and the directory, and renames
// it. A result that is stored already is replaced. The claim stays until it is
// released. The error wraps ErrLost when another process took the cell over.
func (c *Claim) Commit(result Result) error {
	if err := c.commit(result); err != nil {
		return fmt.Errorf("experiments: store result %s: %w", c.hash, err)
	}
	return nil
}

func (c *Claim) commit(result Result) error {
	if err := WriteResult(c.dir(), result); err != nil {
		return err
	}
	if err := WriteManifest(c.dir(), c.hash); err != nil {
		return err
	}
	err := filepath.WalkDir(c.dir(), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return SyncAll(path)
	})
	if err != nil {
		return err
	}
	path := c.store.Path(c.hash)
	move := os.Rename
	if _, err := os.Lstat(path); err == nil {
		move = exchange // what was stored goes with the working directory
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Last, as all of the above may take long. Should the lease be lost from here
	// to the next line, two processes store the same bits, one after the other.
	if err := c.lock.Check(); err != nil {
		return err
	}
	if err := move(c.dir(), path); err != nil {
		return err
	}
	return SyncAll(c.store.dir)
}

// exchangeInSteps makes two directories trade places by renaming one after the
// other. For a moment, neither lies at b.
func exchangeInSteps(a, b string) error {
	between := a + "-old"
	if err := os.Rename(b, between); err != nil {
		return err
	}
	if err := os.Rename(a, b); err != nil {
		return errors.Join(err, os.Rename(between, b))
	}
	return os.Rename(between, a)
}

// Complete replaces the stored result by one that differs in Run alone, whole or
// not at all: to the manifest, and to whoever reads at the same time, both are
// right.
func (c *Claim) Complete(result Result) error {
	dir := c.store.Path(c.hash)
	err := func() error {
		if err := WriteResult(c.dir(), result); err != nil {
			return err
		}
		draft := filepath.Join(c.dir(), ResultFile)
		if err := SyncAll(draft); err != nil {
			return err
		}
		if err := os.Rename(draft, filepath.Join(dir, ResultFile)); err != nil {
			return err
		}
		return SyncAll(dir)
	}()
	if err != nil {
		return fmt.Errorf("experiments: complete result %s: %w", c.hash, err)
	}
	return nil
}

// Release gives the right back and removes what is left of the work. The
// checkpoint stays unless the cell is stored. If another process took the cell
// over, only what this claim worked on is removed.
func (c *Claim) Release() error {
	if err := errors.Join(c.end(), c.lock.Release()); err != nil {
		return fmt.Errorf("experiments: release %s: %w", c.hash, err)
	}
	return nil
}

func (c *Claim) end() error {
	if err := c.lock.Check(); errors.Is(err, ErrLost) {
		return os.RemoveAll(c.dir())
	} else if err != nil {
		return err
	}
	if _, err := os.Stat(c.store.Path(c.hash)); err == nil {
		return os.RemoveAll(c.base())
	}
	if err := c.clear(); err != nil {
		return err
	}
	if _, err := os.Stat(c.checkpoint()); err == nil {
		return nil
	}
	return os.RemoveAll(c.base())
}

// writePlanFile puts one file into the directory of the plan called hash,
// whole or not at all, and returns its path. Another process that writes for
// the same plan is waited for.
func (s *Store) WritePlanFile(ctx context.Context, hash, name string, data []byte) (string, error) {
	claim, err := s.waitClaim(ctx, hash)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(s.dir, PlansDir, hash)
	path := filepath.Join(dir, name)
	draft := filepath.Join(claim.dir(), name)
	err = func() error {
		if err := os.MkdirAll(dir, DirMode); err != nil {
			return err
		}
		if err := os.WriteFile(draft, data, FileMode); err != nil {
			return err
		}
		if err := SyncAll(draft); err != nil {
			return err
		}
		if err := os.Rename(draft, path); err != nil {
			return err
		}
		return SyncAll(dir, filepath.Join(s.dir, PlansDir))
	}()
	if err := errors.Join(err, claim.Release()); err != nil {
		return "", fmt.Errorf("experiments: write %s: %w", path, err)
	}
	return path, nil
}

func (s *Store) waitClaim(ctx context.Context, hash string) (*Claim, error) {
	const pause = 20 * time.Millisecond
	for {
		claim, err := s.Claim(hash)
		if !errors.Is(err, ErrTaken) {
			return claim, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// syncAll flushes files or directories to the disk. Some network and user-space
// file systems cannot sync a directory and say EINVAL; there the rename has to
// do.
func SyncAll(paths ...string) error {
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		syncErr := file.Sync()
		if errors.Is(syncErr, syscall.EINVAL) {
			if info, err := file.Stat(); err == nil && info.IsDir() {
				syncErr = nil
			}
		}
		if err := errors.Join(syncErr, file.Close()); err != nil {
			return fmt.Errorf("sync %s: %w", path, err)
		}
	}
	return nil
}

// checkpointFile is the name of a cell's checkpoint, beside the working
// directories of those who train it.
const CheckpointFile = "checkpoint.safetensors"

// DefenderID stands for the defender where attackers are named by ID.
const DefenderID = game.Defender

// PlanFile is the name of a stored plan, in the sweep's directory of the store.
const PlanFile = "plan.json"

// PlanDir is the directory of the plan called hash.
func (s *Store) PlanDir(hash string) string { return filepath.Join(s.dir, PlansDir, hash) }

// stateFile is the file of the state called hash.
func StateFile(states, hash string) string { return filepath.Join(states, hash+stateSuffix) }

// SummaryFile is the name of a plan's summary, in the plan's directory of the
// store.
const SummaryFile = "summary.json"

// SweepFile is the name of a sweep's summary, in the sweep's directory of the
// store.
const SweepFile = "sweep.json"
