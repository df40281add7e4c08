package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"backfire/experiments/cell"
	"backfire/internal/disk"
)

// moduleSuffix ends the name of a module.
const moduleSuffix = ".pt"

// oldModules lists TorchScript modules that were last copied or used before a time and that no result needs, except
// those that are themselves garbage, and no stored plan names. It lists none while runs are open or where a cell
// cannot be read, which may need them.
func (s *Store) oldModules(needed *needs, before time.Time) ([]Garbage, error) {
	names, err := s.files.Names(modulesDir)
	if errors.Is(err, fs.ErrNotExist) || len(needed.open) > 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	whole, err := s.eachCell(func(hash string, c cell.Cell) {
		used[c.Model.Module.SHA256] = used[c.Model.Module.SHA256] || needed.referenced[hash]
	})
	if err != nil || !whole {
		return nil, err
	}
	plans, err := s.planTexts()
	if err != nil {
		return nil, err
	}
	return s.lastUsed(modulesDir, names, before, "TorchScript module of no model that is kept, last used", func(name string) bool {
		sum := strings.TrimSuffix(name, moduleSuffix)
		named := func(text []byte) bool { return bytes.Contains(text, []byte(sum)) }
		return used[sum] || slices.ContainsFunc(plans, named)
	})
}

// planTexts returns the contents of the files below plans/ but the summaries, which describe what was trained.
func (s *Store) planTexts() ([][]byte, error) {
	names, err := s.files.Files(PlansDir)
	if err != nil {
		return nil, err
	}
	var texts [][]byte
	for _, name := range names {
		if base := path.Base(name); base == SweepFile || base == SummaryFile {
			continue
		}
		text, err := s.files.ReadFile(path.Join(PlansDir, name), disk.MaxRecord)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// moduleInUse returns an error that wraps ErrTaken if something that Garbage listed is a module that a stored result
// needs, such as one that another process keeps.
func (s *Store) moduleInUse(g Garbage) error {
	if path.Dir(g.name) != modulesDir {
		return nil
	}
	needed := false
	whole, err := s.eachCell(func(_ string, c cell.Cell) {
		needed = needed || path.Base(g.name) == c.Model.Module.SHA256+moduleSuffix
	})
	if err == nil && (needed || !whole) {
		err = fmt.Errorf("a stored model needs it: %w", ErrTaken)
	}
	return err
}
