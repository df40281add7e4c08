package experiments

import "errors"

// library reads stored results, each once.
type library struct {
	store *Store
	known map[string]*Result // nil: not stored, or not whole
}

func newLibrary(store *Store) *library {
	return &library{store: store, known: map[string]*Result{}}
}

// read returns the result of the cell called hash, nil if the store has none
// that is whole. An error says that the store cannot be read.
func (l *library) read(hash string) (*Result, error) {
	if result, ok := l.known[hash]; ok {
		return result, nil
	}
	record, err := l.store.Read(hash)
	switch {
	case err == nil:
		l.known[hash] = &record.Result
	case errors.Is(err, ErrNotStored), errors.Is(err, ErrBroken):
		l.known[hash] = nil
	default:
		return nil, err
	}
	return l.known[hash], nil
}
