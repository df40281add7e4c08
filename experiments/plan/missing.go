package plan

import (
	"errors"
	"strings"

	"backfire/experiments/store"
)

// Reason is the cause for which a model that a sweep asks for counts as missing.
type Reason string

// The reasons.
const (
	NotStored Reason = "not stored"
	Damaged   Reason = "damaged"   // a result is stored that must not be used
	Lacking   Reason = "lacking"   // the result lacks artefacts that the sweep asks for
	Undecided Reason = "undecided" // the model is known only when single games of its attackers are stored
	Refused   Reason = "refused"   // its game cannot be played with the triggers that were kept
)

// Missing is a model that a sweep asks for and that has no whole result.
type Missing struct {
	Cell   string // hash
	Title  string
	Reason Reason
	// Detail is the cause in one line: of Damaged what is wrong, of Lacking the artefacts, of Refused the rule;
	// empty for the others.
	Detail string
}

// Missing lists the models that the worklist asks for and that have no whole result, in the order of the tasks;
// then the games that cannot be played. Every game has a whole result if and only if there are none. The
// worklist must be that of Resolve with the same reader. With an error the store cannot be read.
func (w *Worklist) Missing(results *CachedReader) ([]Missing, error) {
	var missing []Missing
	for i := range w.Tasks {
		m, err := w.Tasks[i].missing(results)
		if err != nil {
			return nil, err
		}
		if m.Reason != "" {
			missing = append(missing, m)
		}
	}
	for _, refused := range w.Refused {
		missing = append(missing, Missing{refused.Cell, refused.Title, Refused, refused.Error})
	}
	return missing, nil
}

// missing returns the task as missing; without a reason if it is decided and has a whole result.
func (t *Task) missing(results *CachedReader) (Missing, error) {
	m := Missing{Cell: t.Hash, Title: t.Title}
	record, err := results.Record(t.Hash)
	switch {
	case err != nil:
		return Missing{}, err
	case t.Waits:
		m.Reason = Undecided
	case record == nil:
		m.Reason = NotStored
		if broken := results.broken[t.Hash]; broken != nil {
			m.Reason, m.Detail = Damaged, store.OneLine(broken)
		}
	default:
		if lacking := t.Lacks(record.Artefacts()); len(lacking) > 0 {
			m.Reason, m.Detail = Lacking, strings.Join(lacking, ", ")
		}
	}
	return m, nil
}

// isMissing reports whether an error of the store means that a cell has no whole result.
func isMissing(err error) bool {
	return errors.Is(err, store.ErrNotStored) || errors.Is(err, store.ErrBroken)
}
