package plan

import (
	"errors"

	"backfire/experiments/store"
)

// cellReader is the part of a Store that planning reads.
type Reader interface {
	Read(hash string) (*store.Record, error)
	Path(hash string) string
}

// library reads stored results, each once.
type CachedReader struct {
	Store Reader
	known map[string]*store.Record // nil: not stored, or not whole

	divergences map[string]*store.Divergences // of known records; nil: not measured
}

func NewCachedReader(st Reader) *CachedReader {
	return &CachedReader{Store: st, known: map[string]*store.Record{}, divergences: map[string]*store.Divergences{}}
}

// read returns the result of the cell called hash, nil if the store has none
// that is whole. An error says that the store cannot be read.
func (l *CachedReader) Read(hash string) (*store.Result, error) {
	record, err := l.Record(hash)
	if record == nil {
		return nil, err
	}
	return &record.Result, nil
}

// record returns the same with all that is stored beside it.
func (l *CachedReader) Record(hash string) (*store.Record, error) {
	if record, ok := l.known[hash]; ok {
		return record, nil
	}
	record, err := l.Store.Read(hash)
	if err != nil && !errors.Is(err, store.ErrNotStored) && !errors.Is(err, store.ErrBroken) {
		return nil, err
	}
	l.known[hash] = record
	return record, nil
}

// divergence returns that of an attacker by the model of a stored cell, nil if it
// was not measured.
func (l *CachedReader) Divergence(hash string, attacker store.AttackerResult) (*store.AttackerDivergence, error) {
	all, ok := l.divergences[hash]
	if !ok {
		record, err := l.Record(hash)
		if record == nil {
			return nil, err
		}
		if record.Artefacts().Divergence {
			if all, err = record.Divergences(); err != nil {
				return nil, err
			}
		}
		l.divergences[hash] = all
	}
	if all == nil {
		return nil, nil
	}
	return all.Of(attacker.ID, attacker.Target), nil
}

// find looks at the result itself, whether anything depends on it or not: one that
// is not whole is none.
func (l *CachedReader) Lookup(hash string, _ bool) (KnownResult, bool, error) {
	result, err := l.Read(hash)
	if result == nil || err != nil {
		return KnownResult{}, false, err
	}
	return NewKnownResult(result), true, nil
}

// complete reads the whole record.
func (l *CachedReader) Complete(want *Task) (bool, error) {
	record, err := l.Record(want.Hash)
	return record != nil && len(want.Lacks(record.Artefacts())) == 0, err
}

// newShelf lists the results in a store by their names.
func NewListing(s *store.Store) (Listing, error) {
	names, err := s.Names()
	return Listing{NewCachedReader(s), names}, err
}

// shelf is a look at what a store has by names alone, but for results that
// decide something.
type Listing struct {
	Cache *CachedReader
	Names map[string]bool
}

// find looks into the result only where something depends on it.
func (s Listing) Lookup(hash string, decides bool) (KnownResult, bool, error) {
	if !s.Names[hash] || !decides {
		return KnownResult{Unread: true}, s.Names[hash], nil
	}
	return s.Cache.Lookup(hash, decides)
}

// complete looks at the manifest where more is asked for than every result has.
// One that cannot be read counts as lacking: whoever claims the cell finds out why.
func (s Listing) Complete(want *Task) (bool, error) {
	if !s.Names[want.Hash] || want.Artefacts.Of(want.Cell) == (store.Artefacts{}) {
		return s.Names[want.Hash], nil
	}
	there, err := store.ArtefactsIn(s.Cache.Store.Path(want.Hash))
	return err == nil && len(want.Lacks(there)) == 0, nil
}
