package experiments

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Garbage is something in a store that nothing refers to.
type Garbage struct {
	Path  string
	Why   string
	Bytes int64

	hash string // of the cell whose claim it takes to remove it; empty: none
}

// Garbage lists what can go: results that no file below plans/ names, results
// that were set aside, and checkpoints that were last written before a time.
// What somebody holds the claim of is left out. A run that was interrupted has
// no file below plans/ yet, so that its results are listed.
func (s *Store) Garbage(before time.Time) ([]Garbage, error) {
	var found []Garbage
	for _, list := range []func(time.Time) ([]Garbage, error){s.unreferenced, s.asides, s.oldCheckpoints} {
		some, err := list(before)
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
	return found, nil
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

// unreferenced lists results that no file below plans/ names.
func (s *Store) unreferenced(time.Time) ([]Garbage, error) {
	named := map[string]bool{}
	err := filepath.WalkDir(filepath.Join(s.dir, plansDir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for word := range bytes.FieldsFuncSeq(text, func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) {
			named[string(word)] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	hashes, err := s.Hashes()
	if err != nil {
		return nil, err
	}
	var found []Garbage
	for _, hash := range hashes {
		if !named[hash] {
			found = append(found, Garbage{Path: s.Path(hash), Why: "no run, sweep or table in plans names it", hash: hash})
		}
	}
	return found, nil
}

// asides lists damaged results that were set aside.
func (s *Store) asides(time.Time) ([]Garbage, error) {
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

// oldCheckpoints lists checkpoints that were last written before a time.
func (s *Store) oldCheckpoints(before time.Time) ([]Garbage, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, workDir))
	if err != nil {
		return nil, err
	}
	var found []Garbage
	for _, entry := range entries {
		path := filepath.Join(s.dir, workDir, entry.Name(), checkpointFile)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if written := info.ModTime(); written.Before(before) {
			why := fmt.Sprintf("checkpoint of a training that stopped on %s", written.UTC().Format(time.DateOnly))
			found = append(found, Garbage{Path: path, Why: why, hash: entry.Name()})
		}
	}
	return found, nil
}

// Remove removes what Garbage listed. The error wraps ErrTaken where somebody has
// taken the claim meanwhile; nothing is removed then.
func (s *Store) Remove(g Garbage) error {
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
