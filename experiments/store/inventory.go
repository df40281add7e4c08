package store

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Names returns the names of everything that lies directly in the store, among them the hashes of its results.
// It reads one directory and nothing else.
func (s *Store) Names() (map[string]bool, error) {
	entries, err := s.files.Names(".")
	if err != nil {
		return nil, fmt.Errorf("store: list: %w", err)
	}
	names := make(map[string]bool, len(entries))
	for _, name := range entries {
		names[name] = true
	}
	return names, nil
}

// Hashes lists the cells that the store has results of, sorted, whole or not.
func (s *Store) Hashes() ([]string, error) {
	entries, err := s.files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("store: list results: %w", err)
	}
	var hashes []string
	for _, entry := range entries {
		if entry.IsDir() && isHash(entry.Name) {
			hashes = append(hashes, entry.Name)
		}
	}
	return hashes, nil
}

// isHash reports whether a text is a SHA-256 in hexadecimal digits.
func isHash(text string) bool {
	const digits = 64
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == digits && strings.ToLower(text) == text
}

// Find returns the only stored cell whose hash begins with prefix, in either case of letters. The error wraps
// ErrNotStored or ErrAmbiguous.
func (s *Store) Find(prefix string) (string, error) {
	hashes, err := s.Hashes()
	if err != nil {
		return "", err
	}
	var matching []string
	for _, hash := range hashes {
		if strings.HasPrefix(hash, strings.ToLower(prefix)) {
			matching = append(matching, hash)
		}
	}
	switch {
	case prefix == "" || len(matching) == 0:
		return "", fmt.Errorf("store: find result %q in %s: %w", prefix, s.dir, ErrNotStored)
	case len(matching) > 1:
		return "", fmt.Errorf("store: find result %q in %s: %w: %d results begin so, such as %.16s and %.16s",
			prefix, s.dir, ErrAmbiguous, len(matching), matching[0], matching[1])
	default:
		return matching[0], nil
	}
}
