package summary

import (
	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// Source is a store whose results are joined.
type Source interface {
	plan.Reader
	// Dir is that of store.Store.
	Dir() string
}

// OnceStore is a store that reads each whole result once. Those that are missing or not whole it looks for each
// time, since they may have been trained meanwhile. One goroutine at a time may use it.
type OnceStore struct {
	*store.Store
	records map[string]*store.Record
}

// NewOnceStore returns a store that has read no result yet.
func NewOnceStore(st *store.Store) *OnceStore { return &OnceStore{st, map[string]*store.Record{}} }

// Read returns the result of the cell called hash. The errors are those of store.Store.Read.
func (s *OnceStore) Read(hash string) (*store.Record, error) {
	if record, ok := s.records[hash]; ok {
		return record, nil
	}
	record, err := s.Store.Read(hash)
	if err != nil {
		return nil, err
	}
	s.records[hash] = record
	return record, nil
}
