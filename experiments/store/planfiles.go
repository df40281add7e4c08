package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
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
func (s *Store) PlanDir(hash string) string { return s.PlanFiles(hash).Path(".") }

// PlanFiles returns the same directory as one below which no link is followed.
func (s *Store) PlanFiles(hash string) disk.Dir { return s.files.Sub(path.Join(PlansDir, hash)) }

// WritePlanFile writes one file into the directory of the plan called hash, whole or not at all, and returns
// its path. It waits while another process writes for the same plan; the error wraps that of ctx if ctx ends
// first. It wraps ErrLost if another process took the plan over; nothing is written then.
func (s *Store) WritePlanFile(ctx context.Context, hash, name string, data []byte) (string, error) {
	claim, err := s.waitClaim(ctx, hash)
	if err != nil {
		return "", err
	}
	plan, work := s.PlanFiles(hash), claim.dir()
	err = func() error {
		if err := plan.MkdirAll("."); err != nil {
			return err
		}
		if err := work.WriteFile(name, data); err != nil {
			return err
		}
		if err := work.Sync(name); err != nil {
			return err
		}
		if err := claim.Check(); err != nil {
			return err
		}
		if err := work.MoveTo(name, plan, name); err != nil {
			return err
		}
		return errors.Join(plan.Sync("."), s.files.Sync(PlansDir))
	}()
	if err := errors.Join(err, claim.Release()); err != nil {
		return "", fmt.Errorf("store: write %s: %w", plan.Path(name), err)
	}
	return plan.Path(name), nil
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
	var found []planFile
	for _, name := range []string{SweepFile, SummaryFile} {
		files, err := s.planFiles(name)
		if err != nil {
			return nil, fmt.Errorf("store: list summaries: %w", err)
		}
		for _, file := range files {
			if strings.HasPrefix(file.hash, prefix) {
				found = append(found, file)
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("store: list summaries: %s that begins with %q: %w", s.dir, prefix, ErrNoSummary)
	}
	slices.SortStableFunc(found, func(a, b planFile) int { return a.written.Compare(b.written) })
	var paths []string
	for _, file := range found {
		paths = append(paths, s.files.Path(file.name))
	}
	return paths, nil
}

// Plans lists the hashes of the plans that have a file of a name, sorted.
func (s *Store) Plans(name string) ([]string, error) {
	files, err := s.planFiles(name)
	if err != nil {
		return nil, fmt.Errorf("store: list plans: %w", err)
	}
	var hashes []string
	for _, file := range files {
		hashes = append(hashes, file.hash)
	}
	return hashes, nil
}

// planFile is a file in the directory of a plan.
type planFile struct {
	hash    string // of the plan
	name    string // below the store, with slashes
	written time.Time
}

// planFiles lists the files of a name in the directories of all plans, sorted by the plans' hashes. What is no
// file is among them, so that reading it names it.
func (s *Store) planFiles(name string) ([]planFile, error) {
	plans, err := s.files.ReadDir(PlansDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var files []planFile
	for _, plan := range plans {
		if !plan.IsDir() {
			continue
		}
		file := planFile{hash: plan.Name, name: path.Join(PlansDir, plan.Name, name)}
		info, err := s.files.Stat(file.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		file.written = info.ModTime
		files = append(files, file)
	}
	return files, nil
}
