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

// single is the ASR of the only attacker of the game called hash; nil as long
// as that game is not stored.
func (q *queue) single(hash string) (*game.Rate, error) {
	q.mu.Lock()
	finding, ok := q.found[hash]
	q.mu.Unlock()
	if ok && !finding.Unread {
		return &finding.ASR, nil
	}
	record, err := q.store.Read(hash)
	switch {
	case errors.Is(err, store.ErrNotStored), errors.Is(err, store.ErrBroken):
		return nil, nil
	case err != nil:
		return nil, err
	}
	finding = plan.NewKnownResult(&record.Result)
	return &finding.ASR, nil
}

// complete gives the results that the run has found or made the single ASRs
// that they lack, as far as these are stored now. Nobody works for the queue any
// more. What another process holds is left to that one.
func (q *queue) complete() error {
	for _, hash := range slices.Sorted(maps.Keys(q.found)) {
		known := false
		for _, single := range q.found[hash].Open {
			asr, err := q.single(single)
			if err != nil {
				return err
			}
			known = known || asr != nil
		}
		if !known {
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

// Complete gives stored results of a sweep the single ASRs that they lack, as far
// as these are stored: what many runners cannot do, who each know a part of it.
func Complete(s *plan.Sweep, store *store.Store) error {
	q, err := newQueue(sharedStore{store}, s, defaultPoll, nil, func(worker.Event) {})
	if err != nil {
		return err
	}
	return q.complete()
}

// completeOne does so for one claimed result, if it is still whole.
func (q *queue) completeOne(claim *store.Claim) error {
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
