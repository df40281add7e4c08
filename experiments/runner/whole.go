package runner

import (
	"context"
	"errors"
	"time"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
)

// Missing reads every result that a sweep asks for and lists the models that have no whole one. The
// errors are those of the store and of planning.
func Missing(sweep *plan.Sweep, st *store.Store) ([]plan.Missing, error) {
	results := plan.NewCachedReader(st)
	worklist, err := plan.Resolve(sweep, results, plan.Known{})
	if err != nil {
		return nil, err
	}
	return worklist.Missing(results)
}

// SetAside moves the damaged ones of the missing results out of the way, so that they are trained
// anew, and reports each with its new place. It returns how many it moved. Those that another
// process holds are left to it, as are those that have been replaced meanwhile.
func SetAside(st *store.Store, missing []plan.Missing, report func(worker.Event)) (int, error) {
	moved := 0
	for _, m := range missing {
		if m.Reason != plan.Damaged {
			continue
		}
		claim, err := st.Claim(m.Cell)
		if errors.Is(err, store.ErrTaken) {
			continue
		}
		if err != nil {
			return moved, err
		}
		_, err = st.Read(m.Cell)
		if !errors.Is(err, store.ErrBroken) {
			err = claim.Release()
		} else if event, failed := setAside(st, claim, m.Title, err); failed != nil {
			err = errors.Join(failed, claim.Release())
		} else {
			report(event)
			moved++
			err = claim.Release()
		}
		if err != nil {
			return moved, err
		}
	}
	return moved, nil
}

// setAside moves the broken result of a claimed cell out of the way and returns the event that
// tells so.
func setAside(st interface {
	SetAside(claim *store.Claim) (string, error)
}, claim *store.Claim, title string, broken error,
) (worker.Event, error) {
	path, err := st.SetAside(claim)
	return worker.Event{Kind: worker.KindBroken, Cell: claim.Hash(), Title: title, Error: store.OneLine(broken), Path: path}, err
}

// runShared trains a sweep together with other runners. They take results to be whole by their
// names. The runner therefore reads all of them once nothing is left to train, sets the damaged ones
// aside and trains these, until every result is whole or nothing more can be trained here.
func (r *Runner) runShared(ctx context.Context, noted *recorded) (*Outcome, error) {
	once := *r
	shared := *r.Shared
	once.Shared = &shared
	sum := &Outcome{}
	for {
		outcome, err := once.run(ctx, noted)
		if outcome == nil {
			return nil, err
		}
		outcome.Trained += sum.Trained
		outcome.Stored -= min(outcome.Stored, sum.Trained)
		sum = outcome
		if err != nil || waits(sum.Missing) {
			return sum, err
		}
		if sum.Missing, err = Missing(noted.Sweep, r.Store); err != nil {
			return nil, err
		}
		if isClosed(r.Leave) || r.Shared.Cells > 0 && sum.Trained >= r.Shared.Cells || !hasDamaged(sum.Missing) {
			return sum, nil
		}
		shared.Cells = max(0, r.Shared.Cells-sum.Trained)
		moved, err := SetAside(r.Store, sum.Missing, once.observe)
		if err != nil {
			return nil, err
		}
		if moved == 0 && !pause(ctx, r.Leave, once.poll()) { // another process has them
			return sum, nil
		}
	}
}

// waits reports whether models are missing that a runner may still train, so that the results need
// not be read to know that the sweep is not done.
func waits(missing []plan.Missing) bool {
	for _, m := range missing {
		if m.Reason == plan.NotStored && m.Detail == "" {
			return true
		}
	}
	return false
}

// hasDamaged reports whether one of the missing results is stored and damaged.
func hasDamaged(missing []plan.Missing) bool {
	for _, m := range missing {
		if m.Reason == plan.Damaged {
			return true
		}
	}
	return false
}

// pause waits; it returns false if ctx ends or leave is closed before.
func pause(ctx context.Context, leave <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-leave:
		return false
	case <-timer.C:
		return true
	}
}
