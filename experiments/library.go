package experiments

import "errors"

// cellReader is the part of a Store that planning reads.
type cellReader interface {
	Read(hash string) (*Record, error)
	Path(hash string) string
}

// library reads stored results, each once.
type library struct {
	store cellReader
	known map[string]*Record // nil: not stored, or not whole

	divergences map[string]*Divergences // of known records; nil: not measured
}

func newLibrary(store cellReader) *library {
	return &library{store: store, known: map[string]*Record{}, divergences: map[string]*Divergences{}}
}

// read returns the result of the cell called hash, nil if the store has none
// that is whole. An error says that the store cannot be read.
func (l *library) read(hash string) (*Result, error) {
	record, err := l.record(hash)
	if record == nil {
		return nil, err
	}
	return &record.Result, nil
}

// record returns the same with all that is stored beside it.
func (l *library) record(hash string) (*Record, error) {
	if record, ok := l.known[hash]; ok {
		return record, nil
	}
	record, err := l.store.Read(hash)
	if err != nil && !errors.Is(err, ErrNotStored) && !errors.Is(err, ErrBroken) {
		return nil, err
	}
	l.known[hash] = record
	return record, nil
}

// divergence returns that of an attacker by the model of a stored cell, nil if it
// was not measured.
func (l *library) divergence(hash string, attacker AttackerResult) (*AttackerDivergence, error) {
	all, ok := l.divergences[hash]
	if !ok {
		record, err := l.record(hash)
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
	return all.of(attacker.ID, attacker.Target), nil
}

// find looks at the result itself, whether anything depends on it or not: one that
// is not whole is none.
func (l *library) find(hash string, _ bool) (Finding, bool, error) {
	result, err := l.read(hash)
	if result == nil || err != nil {
		return Finding{}, false, err
	}
	return findingOf(result), true, nil
}

// complete reads the whole record.
func (l *library) complete(want *Want) (bool, error) {
	record, err := l.record(want.Hash)
	return record != nil && len(want.lacks(record.Artefacts())) == 0, err
}

// lacks names the artefacts that the task asks for and that are not there.
func (w *Want) lacks(there Artefacts) []string {
	return w.Artefacts.of(w.Cell).without(there)
}
