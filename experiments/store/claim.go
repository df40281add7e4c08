package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"backfire/internal/disk"
	"backfire/internal/leases"
)

// CheckpointFile is the name of a cell's checkpoint, which lies beside the working directories of the claims
// of the cell.
const CheckpointFile = "checkpoint.safetensors"

// Claim is the right of this process to produce one cell, with a directory to do so in. At most one process
// has it at a time.
type Claim struct {
	store *Store
	hash  string
	lock  *leases.Lease
	name  string // of the working directory, within the cell's
}

// Claim takes the right to produce the cell called hash, with an empty working directory. The error wraps
// ErrTaken if another process has it.
func (s *Store) Claim(hash string) (*Claim, error) {
	// Copies of a store may lack directories that were empty.
	if err := s.files.MkdirAll(locksDir); err != nil {
		return nil, fmt.Errorf("store: claim %s: %w", hash, err)
	}
	c, err := s.Reserve(hash)
	if err != nil {
		return nil, err
	}
	if err := c.begin(); err != nil {
		return nil, errors.Join(fmt.Errorf("store: claim %s: %w", hash, err), c.lock.Release())
	}
	return c, nil
}

// Reserve takes the same right as Claim without making the working directory. The error wraps ErrTaken if
// another process has it.
func (s *Store) Reserve(hash string) (*Claim, error) {
	lock, err := s.locks.TryLock(hash)
	if err != nil {
		return nil, err
	}
	return &Claim{store: s, hash: hash, lock: lock, name: rand.Text()}, nil
}

// Check returns an error that wraps ErrLost if another process has taken the cell over.
func (c *Claim) Check() error { return c.lock.Check() }

// Hash returns the name of the claimed cell.
func (c *Claim) Hash() string { return c.hash }

// Lost returns a channel that is closed when another process has taken the cell over because it believed this
// one dead. Further work on the cell is done twice.
func (c *Claim) Lost() <-chan struct{} { return c.lock.Lost() }

// Dir returns the working directory as an absolute path, which a worker process can use.
func (c *Claim) Dir() (string, error) { return c.absolute(c.dir().Path(".")) }

// Checkpoint returns the absolute path of the cell's checkpoint, which may not exist yet. The file outlives
// the claim: the next holder resumes from it, until the cell is stored.
func (c *Claim) Checkpoint() (string, error) { return c.absolute(c.base().Path(CheckpointFile)) }

func (c *Claim) absolute(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("store: locate the working directory of %s: %w", c.hash, err)
	}
	return path, nil
}

// base returns the directory of the working directories of the cell. It belongs to the cell, not to the claim:
// after a process died, the next holder of the claim finds its files there.
func (c *Claim) base() disk.Dir { return c.store.files.Sub(path.Join(workDir, c.hash)) }

// dir returns the working directory. Each claim has its own, so that a worker that outlives its parent for a
// moment cannot write into its successor's files.
func (c *Claim) dir() disk.Dir { return c.base().Sub(c.name) }

// begin removes what a dead process left, except its checkpoint, and makes the working directory.
func (c *Claim) begin() error {
	if err := c.clear(); err != nil {
		return err
	}
	return c.dir().MkdirAll(".")
}

// clear removes everything in base except the checkpoint. What is no directory there, or no file in place of a
// checkpoint, is removed as such, links included.
func (c *Claim) clear() error {
	if info, err := c.base().Stat("."); err == nil && !info.IsDir() {
		return c.base().Remove(".")
	}
	entries, err := c.base().ReadDir(".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if entry.Name == CheckpointFile && entry.IsRegular() {
			continue
		}
		if err := c.base().RemoveAll(entry.Name); err != nil {
			return err
		}
	}
	return nil
}

// Draft reads the result that lies in the working directory.
func (c *Claim) Draft() (Result, error) {
	result, err := ReadResult(c.dir())
	if err != nil {
		return Result{}, fmt.Errorf("store: read new result %s: %w", c.hash, err)
	}
	return result, nil
}

// Commit makes the working directory, with the given result in it, the stored result of the cell: it writes
// the manifest, syncs every file and the directory, and renames the directory. It replaces a result that is
// stored already. The claim stays held until it is released. The error wraps ErrLost if another process took
// the cell over; nothing is stored then.
func (c *Claim) Commit(result Result) error {
	if err := c.commit(result); err != nil {
		return fmt.Errorf("store: commit %s: %w", c.hash, err)
	}
	return nil
}

func (c *Claim) commit(result Result) error {
	if err := result.write(c.dir()); err != nil {
		return err
	}
	if err := writeManifest(c.dir(), c.hash); err != nil {
		return err
	}
	if err := c.dir().SyncAll("."); err != nil {
		return err
	}
	move := c.base().MoveTo
	if _, err := c.store.files.Stat(c.hash); err == nil {
		move = c.base().ExchangeWith // the old result goes with the working directory
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Last, as all of the above may take long. If the lease is lost between here and the next line, two
	// processes store the same bits, one after the other.
	if err := c.lock.Check(); err != nil {
		return err
	}
	if err := move(c.name, c.store.files, c.hash); err != nil {
		return err
	}
	return c.store.files.Sync(".")
}

// Complete replaces the stored result by one that differs in its Provenance alone, whole or not at all. Both
// results fit the manifest, so that a process that reads at the same time finds a whole result. The error wraps
// ErrLost if another process took the cell over; nothing is replaced then.
func (c *Claim) Complete(result Result) error {
	stored := c.store.files.Sub(c.hash)
	err := func() error {
		if err := result.write(c.dir()); err != nil {
			return err
		}
		if err := c.dir().Sync(ResultFile); err != nil {
			return err
		}
		if err := c.lock.Check(); err != nil {
			return err
		}
		if err := c.dir().MoveTo(ResultFile, stored, ResultFile); err != nil {
			return err
		}
		return stored.Sync(".")
	}()
	if err != nil {
		return fmt.Errorf("store: complete %s: %w", c.hash, err)
	}
	return nil
}

// Release gives the right back and removes what is left of the work. It keeps the checkpoint unless the cell is
// stored. If another process took the cell over, Release removes only the working directory of this claim.
func (c *Claim) Release() error {
	if err := errors.Join(c.end(), c.lock.Release()); err != nil {
		return fmt.Errorf("store: release %s: %w", c.hash, err)
	}
	return nil
}

func (c *Claim) end() error {
	if err := c.lock.Check(); errors.Is(err, ErrLost) {
		return c.base().RemoveAll(c.name)
	} else if err != nil {
		return err
	}
	working := c.store.files.Sub(workDir)
	if _, err := c.store.files.Stat(c.hash); err == nil {
		return working.RemoveAll(c.hash)
	}
	if err := c.clear(); err != nil {
		return err
	}
	if _, err := c.base().Stat(CheckpointFile); err == nil {
		return nil
	}
	return working.RemoveAll(c.hash)
}
