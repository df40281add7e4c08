package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/report"
	"backfire/report/page"
	"backfire/serve"
)

// servedStore is a store as the source of a server. It reads each summary once for each of its
// versions, and plans each unfinished run once.
type servedStore struct {
	store  *store.Store
	images datasets.Source
	load   cell.Loader

	mutex     sync.Mutex
	summaries map[string]loadedSummary
	sweeps    map[string]*plannedRun // by hash
}

// loadedSummary is a summary with what its file had when it was read.
type loadedSummary struct {
	written time.Time
	size    int64
	summary *summary.Summary
	err     error
}

// plannedRun is an unfinished run with its games.
type plannedRun struct {
	sweep  *plan.Sweep
	origin summary.Request
	err    error
}

// newServedStore returns a store as the source of a server.
func newServedStore(st *store.Store, images datasets.Source, load cell.Loader) *servedStore {
	return &servedStore{store: st, images: images, load: plan.Remembering(load), summaries: map[string]loadedSummary{}, sweeps: map[string]*plannedRun{}}
}

// read loads a summary, unless it has not changed since it was loaded.
func (s *servedStore) read(path string) (*summary.Summary, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("serve: read a summary: %w", err)
	}
	if known, ok := s.summaries[path]; ok && known.written.Equal(info.ModTime()) && known.size == info.Size() {
		return known.summary, known.err
	}
	loaded := loadedSummary{written: info.ModTime(), size: info.Size()}
	loaded.summary, loaded.err = summary.Load(path)
	s.summaries[path] = loaded
	return loaded.summary, loaded.err
}

// runs returns the stored runs. Damaged summaries and notes are left out.
func (s *servedStore) runs() ([]storedRun, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return readRuns(s.store, s.read, func(error) {})
}

// Runs lists the runs.
func (s *servedStore) Runs(context.Context) ([]serve.Run, error) {
	stored, err := s.runs()
	if err != nil {
		return nil, err
	}
	runs := make([]serve.Run, len(stored))
	for i := range stored {
		r := &stored[i]
		runs[i] = serve.Run{
			Hash: r.hash, When: r.when, State: r.state(), Headline: r.headline(), Command: r.name(), Complete: r.complete(),
			Version: fmt.Sprintf("%d of %d, %s", r.stored, r.cells(), r.when.UTC().Format(time.RFC3339Nano)),
		}
	}
	return runs, nil
}

// cells returns the number of models that an unfinished run has asked for; 0 if it has finished.
func (r *storedRun) cells() int {
	if r.open == nil {
		return 0
	}
	return len(r.open.Cells)
}

// Page makes the page of a run: of its summary if it has finished, otherwise of the models that are
// stored by now.
func (s *servedStore) Page(ctx context.Context, hash string) (*page.Page, error) {
	stored, err := s.runs()
	if err != nil {
		return nil, err
	}
	for i := range stored {
		if stored[i].hash != hash {
			continue
		}
		sum, err := s.summary(ctx, &stored[i])
		if err != nil {
			return nil, err
		}
		return page.New(ctx, page.Input{Summaries: []*summary.Summary{sum}, Load: s.load, Images: s.images, Program: program()})
	}
	return nil, fmt.Errorf("serve: %.12s: %w", hash, serve.ErrNoRun)
}

// summary returns the summary of a run, made now if it has not finished.
func (s *servedStore) summary(ctx context.Context, r *storedRun) (*summary.Summary, error) {
	if r.open == nil {
		return r.summary, nil
	}
	planned := s.planned(ctx, r)
	if planned.err != nil && r.summary != nil {
		return r.summary, nil // of an earlier end
	}
	if planned.err != nil {
		return nil, fmt.Errorf("serve: %w: the tables of this run are shown when it ends: %w", page.ErrEmpty, planned.err)
	}
	sum, err := summary.Summarize(planned.sweep, s.store)
	if err != nil {
		return nil, err
	}
	sum.Origin = &planned.origin
	return sum, nil
}

// planned plans an unfinished run from what it left in the store.
func (s *servedStore) planned(ctx context.Context, r *storedRun) *plannedRun {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if known := s.sweeps[r.hash]; known != nil && !errors.Is(known.err, context.Canceled) {
		return known
	}
	planned := &plannedRun{origin: summary.Request{Kind: string(report.Points), Command: r.command(), Begun: r.when}}
	s.sweeps[r.hash] = planned
	noted, err := plan.ReadOpen(s.store, r.hash, program())
	if err != nil {
		planned.err = err
		return planned
	}
	planned.sweep, planned.err = noted.NewSweep(ctx, s.load)
	planned.origin.Kind, planned.origin.Name, planned.origin.Title, planned.origin.Preset = noted.Table, noted.Name, noted.Title, noted.Preset
	if planned.origin.Name == "" {
		planned.origin.Name = strings.TrimSuffix(filepath.Base(r.command()), filepath.Ext(r.command()))
	}
	return planned
}
