package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"backfire/experiments/cell"
)

// holdPrefix begins the names of the leases of runs. The hash of the sweep follows, and a random token,
// because several runs of one sweep may be live.
const holdPrefix = "run-"

// HoldRun declares that a run of the sweep called hash is live, until release is called or this process ends.
// Garbage of a live run is not removed.
func (s *Store) HoldRun(hash string) (release func() error, err error) {
	// Copies of a store may lack directories that were empty.
	if err := s.files.MkdirAll(locksDir); err != nil {
		return nil, fmt.Errorf("store: hold run %s: %w", hash, err)
	}
	lease, err := s.locks.TryLock(holdPrefix + hash + "-" + rand.Text())
	if err != nil {
		return nil, fmt.Errorf("store: hold run %s: %w", hash, err)
	}
	return func() error {
		if err := lease.Release(); err != nil && !errors.Is(err, ErrLost) {
			return fmt.Errorf("store: release run: %w", err)
		}
		return nil
	}, nil
}

// liveRuns returns the hashes of the sweeps of which a run is live.
func (s *Store) liveRuns() (map[string]bool, error) {
	names, err := s.locks.Names()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a copy of a store
	}
	if err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, name := range names {
		rest, isHold := strings.CutPrefix(name, holdPrefix)
		if !isHold {
			continue
		}
		holder, err := s.locks.Holder(name)
		if err != nil {
			return nil, err
		}
		if hash, _, _ := strings.Cut(rest, "-"); holder != nil && !holder.Dead {
			live[hash] = true
		}
	}
	return live, nil
}

// inUse returns an error that wraps ErrTaken if a live run needs something that Garbage listed, also one that
// has begun since.
func (s *Store) inUse(g Garbage) error {
	if err := s.moduleInUse(g); err != nil {
		return err
	}
	live, err := s.liveRuns()
	if len(live) == 0 || err != nil {
		return err
	}
	if g.Open != nil && live[g.Open.Sweep] {
		return fmt.Errorf("a run that needs it is live: %w", ErrTaken)
	}
	runs, err := s.OpenRuns()
	if err != nil {
		return err
	}
	state := strings.TrimSuffix(filepath.Base(g.Path), cell.StateSuffix)
	needs := func(c OpenCell) bool { return c.Cell == g.hash || slices.Contains(c.States, state) }
	for _, run := range runs {
		if live[run.Sweep] && slices.ContainsFunc(run.Cells, needs) {
			return fmt.Errorf("a run that needs it is live: %w", ErrTaken)
		}
	}
	return nil
}
