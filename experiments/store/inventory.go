package store

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"backfire/internal/leases"
)

// ErrAmbiguous says that several stored results are meant.
var ErrAmbiguous = errors.New("ambiguous")

// ExistingStore opens a store for those who only look: unlike OpenStore it makes
// nothing. The error wraps ErrStore where there is none.
func OpenExisting(dir string) (*Store, error) {
	if info, err := os.Stat(filepath.Join(dir, PlansDir)); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("experiments: open store %q: %w: no run has stored anything there", dir, ErrStore)
	}
	return &Store{dir: dir, locks: leases.New(filepath.Join(dir, locksDir), leases.Options{})}, nil
}

// Hashes lists the cells that the store has results of, sorted, whole or not.
func (s *Store) Hashes() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("experiments: list results: %w", err)
	}
	var hashes []string
	for _, entry := range entries {
		if entry.IsDir() && isHash(entry.Name()) {
			hashes = append(hashes, entry.Name())
		}
	}
	return hashes, nil
}

// isHash says whether a text is a SHA-256 in hexadecimal digits.
func isHash(text string) bool {
	const digits = 64
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == digits && strings.ToLower(text) == text
}

// Find returns the only stored cell whose hash begins with prefix. The error
// wraps ErrNotStored or ErrAmbiguous otherwise.
func (s *Store) Find(prefix string) (string, error) {
	hashes, err := s.Hashes()
	if err != nil {
		return "", err
	}
	var found []string
	for _, hash := range hashes {
		if strings.HasPrefix(hash, strings.ToLower(prefix)) {
			found = append(found, hash)
		}
	}
	switch {
	case prefix == "" || len(found) == 0:
		return "", fmt.Errorf("experiments: find result %q in %s: %w", prefix, s.dir, ErrNotStored)
	case len(found) > 1:
		return "", fmt.Errorf("experiments: find result %q in %s: %w: %d results begin so, such as %.16s and %.16s",
			prefix, s.dir, ErrAmbiguous, len(found), found[0], found[1])
	default:
		return found[0], nil
	}
}

// Glance reads a stored result without comparing all its files with the manifest,
// which takes long where models and images are stored: cell and result alone are
// checked. The errors are those of Read.
func (s *Store) Glance(hash string) (*Record, error) { return s.open(hash, nil) }

// Bytes is the size of a file, or of all files in a directory.
func Bytes(path string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("experiments: size of %s: %w", path, err)
	}
	return sum, nil
}
