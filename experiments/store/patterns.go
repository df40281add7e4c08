package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/internal/disk"
)

// oldPatterns lists answers of programs and files of stamped images that were last written before a time. It leaves
// out stamped images of stored results, which their triggers are. It lists none while runs are open or where a cell
// cannot be read, which may need them.
func (s *Store) oldPatterns(needed *needs, before time.Time) ([]Garbage, error) {
	names, err := s.files.Names(datasets.StampedDir)
	if errors.Is(err, fs.ErrNotExist) || len(needed.open) > 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	stamped, whole, err := s.stamped()
	if err != nil || !whole {
		return nil, err
	}
	return s.lastUsed(datasets.StampedDir, names, before, "answer of a program that made triggers, left", func(name string) bool {
		sum, _, _ := strings.Cut(name, ".")
		return stamped[sum]
	})
}

// lastUsed lists those of the files in a directory that are not needed and were last written before a time. The text
// of each is what it is, with the day.
func (s *Store) lastUsed(dir string, names []string, before time.Time, what string, needed func(name string) bool) ([]Garbage, error) {
	slices.Sort(names)
	var garbage []Garbage
	for _, name := range names {
		if needed(name) {
			continue
		}
		file := path.Join(dir, name)
		info, err := s.files.Stat(file)
		if err != nil {
			return nil, err
		}
		if info.ModTime.Before(before) {
			garbage = append(garbage, s.newGarbage(file, fmt.Sprintf("%s on %s", what, info.ModTime.UTC().Format(time.DateOnly))))
		}
	}
	return garbage, nil
}

// stamped returns the SHA-256 of the files of stamped images that stored results need, and whether all cells could
// be read.
func (s *Store) stamped() (found map[string]bool, whole bool, err error) {
	found = map[string]bool{}
	whole, err = s.eachCell(func(_ string, c cell.Cell) {
		for _, a := range c.Game.Attackers {
			found[a.Trigger.Stamped] = true
		}
	})
	return found, whole, err
}

// eachCell visits the cells of all stored results with their hashes. It stops at the first one that cannot be read,
// and reports whether there was none.
func (s *Store) eachCell(visit func(hash string, c cell.Cell)) (whole bool, err error) {
	hashes, err := s.Hashes()
	if err != nil {
		return false, err
	}
	for _, hash := range hashes {
		text, err := s.files.ReadFile(path.Join(hash, CellFile), disk.MaxRecord)
		if err != nil {
			return false, nil
		}
		c, err := cell.Parse(text)
		if err != nil {
			return false, nil
		}
		visit(hash, c)
	}
	return true, nil
}
