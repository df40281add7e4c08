package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"backfire/internal/disk"
)

// The summaries of plans, each in the directory of its plan.
const (
	SummaryFile = "summary.json" // the summary of a run
	SweepFile   = "sweep.json"   // the summary of a sweep
)

// ErrNoSummary marks a prefix that no stored summary begins with.
var ErrNoSummary = errors.New("no such summary")

// PlanDir returns the directory of the plan called hash.
func (s *Store) PlanDir(hash string) string { return filepath.Join(s.dir, PlansDir, hash) }

// WritePlanFile writes one file into the directory of the plan called hash, whole or not at all, and returns
// its path. It waits while another process writes for the same plan; the error wraps that of ctx if ctx ends
// first.
func (s *Store) WritePlanFile(ctx context.Context, hash, name string, data []byte) (string, error) {
	claim, err := s.waitClaim(ctx, hash)
	if err != nil {
		return "", err
	}
	dir := s.PlanDir(hash)
	path := filepath.Join(dir, name)
	draft := filepath.Join(claim.dir(), name)
	err = func() error {
		if err := os.MkdirAll(dir, disk.DirMode); err != nil {
			return err
		}
		if err := os.WriteFile(draft, data, disk.FileMode); err != nil {
			return err
		}
		if err := disk.Sync(draft); err != nil {
			return err
		}
		if err := os.Rename(draft, path); err != nil {
			return err
		}
		return disk.Sync(dir, filepath.Join(s.dir, PlansDir))
	}()
	if err := errors.Join(err, claim.Release()); err != nil {
		return "", fmt.Errorf("store: write %s: %w", path, err)
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

// Summaries lists the paths of the stored summaries, of runs and of sweeps, whose hash begins with the prefix,
// the oldest first. The error wraps ErrNoSummary if there are none.
func (s *Store) Summaries(prefix string) ([]string, error) {
	var paths []string
	written := map[string]fs.FileInfo{}
	for _, name := range []string{SweepFile, SummaryFile} {
		candidates, err := filepath.Glob(filepath.Join(s.dir, PlansDir, "*", name))
		if err != nil {
			return nil, fmt.Errorf("store: list summaries: %w", err)
		}
		for _, path := range candidates {
			if !strings.HasPrefix(filepath.Base(filepath.Dir(path)), prefix) {
				continue
			}
			if written[path], err = os.Stat(path); err != nil {
				return nil, fmt.Errorf("store: list summaries: %w", err)
			}
			paths = append(paths, path)
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("store: list summaries: %s that begins with %q: %w", s.dir, prefix, ErrNoSummary)
	}
	slices.SortStableFunc(paths, func(a, b string) int { return written[a].ModTime().Compare(written[b].ModTime()) })
	return paths, nil
}
