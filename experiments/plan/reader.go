package plan

import (
	"errors"

	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/game"
)

// Reader is the part of a store.Store that planning reads.
type Reader interface {
	// Read, Path and Artefacts are those of store.Store.
	Read(hash string) (*store.Record, error)
	Path(hash string) string
	Artefacts(hash string) (store.Artefacts, error)
}

// CachedReader reads stored results, each once. One goroutine at a time may use it.
type CachedReader struct {
	Store Reader

	records     map[string]*store.Record       // nil: not stored, or not whole
	broken      map[string]error               // of records that are not whole
	divergences map[string]*store.Divergences  // of records; nil: not measured
	detections  map[string]*removed.Detections // likewise
}

// NewCachedReader returns a reader of the results of a store that has read none yet.
func NewCachedReader(st Reader) *CachedReader {
	return &CachedReader{
		Store: st, records: map[string]*store.Record{}, broken: map[string]error{}, divergences: map[string]*store.Divergences{},
		detections: map[string]*removed.Detections{},
	}
}

// Read returns the result of the cell called hash, nil if the store has none that is whole. With an error the
// store cannot be read.
func (r *CachedReader) Read(hash string) (*store.Result, error) {
	record, err := r.Record(hash)
	if record == nil {
		return nil, err
	}
	return &record.Result, nil
}

// Record returns the record of the cell called hash, nil if the store has none that is whole. With an error the
// store cannot be read.
func (r *CachedReader) Record(hash string) (*store.Record, error) {
	if record, ok := r.records[hash]; ok {
		return record, nil
	}
	record, err := r.Store.Read(hash)
	if err != nil && !isMissing(err) {
		return nil, err
	}
	if errors.Is(err, store.ErrBroken) {
		r.broken[hash] = err
	}
	r.records[hash] = record
	return record, nil
}

// Divergence returns the divergence of an attacker by the model of a stored cell, nil if it was not measured.
func (r *CachedReader) Divergence(hash string, attacker store.AttackerResult) (*store.AttackerDivergence, error) {
	all, ok := r.divergences[hash]
	if !ok {
		record, err := r.Record(hash)
		if record == nil {
			return nil, err
		}
		if record.Artefacts().Divergence {
			if all, err = record.Divergences(); err != nil {
				return nil, err
			}
		}
		r.divergences[hash] = all
	}
	if all == nil {
		return nil, nil
	}
	return all.Of(attacker.ID, int(attacker.Target)), nil
}

// Detection returns the share of an attacker's poisoned images that each filter finds by the features of the model
// of a stored cell, nil if it was not measured.
func (r *CachedReader) Detection(hash string, id int) (map[string]game.Rate, error) {
	all, ok := r.detections[hash]
	if !ok {
		record, err := r.Record(hash)
		if record == nil {
			return nil, err
		}
		if record.Artefacts().Detects() {
			if all, err = record.Detections(); err != nil {
				return nil, err
			}
		}
		r.detections[hash] = all
	}
	if all == nil {
		return nil, nil
	}
	return all.Of(id), nil
}

// Lookup reads the result itself, whether it decides anything or not: one that is not whole counts as not
// stored.
func (r *CachedReader) Lookup(hash string, _ bool) (KnownResult, bool, error) {
	result, err := r.Read(hash)
	if result == nil || err != nil {
		return KnownResult{}, false, err
	}
	return NewKnownResult(result), true, nil
}

// Complete reads the whole record.
func (r *CachedReader) Complete(t *Task) (bool, error) {
	record, err := r.Record(t.Hash)
	return record != nil && len(t.Lacks(record.Artefacts())) == 0, err
}

// Listing knows the results of a store by their names alone, except those that decide something, which it
// reads. It is as old as its names.
type Listing struct {
	Cache *CachedReader
	Names map[string]bool // see store.Store.Names
}

// NewListing lists the results in a store. The error is that of store.Store.Names.
func NewListing(s *store.Store) (Listing, error) {
	names, err := s.Names()
	return Listing{NewCachedReader(s), names}, err
}

// Lookup reads a result only if it decides something; otherwise a listed result counts as stored.
func (l Listing) Lookup(hash string, decides bool) (KnownResult, bool, error) {
	if !l.Names[hash] || !decides {
		return KnownResult{Unread: true}, l.Names[hash], nil
	}
	return l.Cache.Lookup(hash, decides)
}

// Complete reads the manifest only if artefacts are requested. If it cannot be read, the artefacts count as
// lacking: the process that claims the cell then learns the reason.
func (l Listing) Complete(t *Task) (bool, error) {
	required := t.Artefacts.Of(t.Cell)
	required.SmallModel = false // no stored result lacks it
	if !l.Names[t.Hash] || required == (store.Artefacts{}) {
		return l.Names[t.Hash], nil
	}
	stored, err := l.Cache.Store.Artefacts(t.Hash)
	return err == nil && len(t.Lacks(stored)) == 0, nil
}
