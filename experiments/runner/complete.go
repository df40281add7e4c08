package runner

import (
	"errors"
	"maps"
	"slices"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
)

func (q *cellQueue) single(hash string) (*game.Rate, error) {
	q.mu.Lock()
	known, ok := q.known[hash]
	q.mu.Unlock()
	if ok && !known.Unread {
		return &known.ASR, nil
	}
	record, err := q.store.Read(hash)
	switch {
	case errors.Is(err, store.ErrNotStored), errors.Is(err, store.ErrBroken):
		return nil, nil
	case err != nil:
		return nil, err
	}
	known = plan.NewKnownResult(&record.Result)
	return &known.ASR, nil
}

// complete leaves the results that another process holds to that process.
func (q *cellQueue) complete() error {
	for _, hash := range slices.Sorted(maps.Keys(q.known)) {
		found := false
		for _, single := range q.known[hash].Open {
			asr, err := q.single(single)
			if err != nil {
				return err
			}
			found = found || asr != nil
		}
		if !found {
			continue
		}
		claim, err := q.store.Claim(hash)
		if errors.Is(err, store.ErrTaken) {
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(q.completeOne(claim), claim.Release()); err != nil {
			return err
		}
	}
	return nil
}

// completeOne adds the single ASRs that are stored to a claimed result, if it is still whole.
func (q *cellQueue) completeOne(claim *store.Claim) error {
	record, err := q.store.Read(claim.Hash())
	switch {
	case errors.Is(err, store.ErrNotStored), errors.Is(err, store.ErrBroken):
		return nil
	case err != nil:
		return err
	}
	result, more, err := record.Result.WithSingles(q.single)
	if err != nil || !more {
		return err
	}
	return claim.Complete(result)
}

// Complete adds the single ASRs that are stored to the stored results of a sweep that lack them.
// Runners that share a sweep cannot do so themselves, because each knows only some of the results.
func Complete(sweep *plan.Sweep, st *store.Store) error {
	q, err := newAloneQueue(diskStore{st}, sweep, defaultPoll, func(worker.Event) {})
	if err != nil {
		return err
	}
	return q.complete()
}
