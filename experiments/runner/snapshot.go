package runner

import (
	"backfire/experiments/plan"
	"backfire/experiments/store"
)

// claimStore is the part of a store that a queue uses.
type claimStore interface {
	plan.Reader
	Claim(hash string) (*store.Claim, error)
	SetAside(claim *store.Claim) (string, error)
	FailureOf(plan, cell string) (g store.GivenUp, there bool, err error)
	NoteFailure(plan string, failure store.Failure, final bool) error
	// listing lists the results in the store by their names.
	listing() (plan.Listing, error)
	// takeSnapshot looks at the store for the cells of the plan called hash.
	takeSnapshot(hash string) (snapshot, error)
}

// diskStore is a store on disk as a claimStore.
type diskStore struct{ *store.Store }

var _ claimStore = diskStore{}

func (s diskStore) listing() (plan.Listing, error) { return plan.NewListing(s.Store) }

// snapshot is the state of the cells of a plan, by the names of the store's files.
type snapshot struct {
	listing plan.Listing
	held    map[string]bool          // cells that a process trains, or died over
	failed  map[string]store.GivenUp // cells that this host must not try
}

func (s diskStore) takeSnapshot(hash string) (snapshot, error) {
	now := snapshot{held: map[string]bool{}, failed: map[string]store.GivenUp{}}
	// Held cells are listed before stored ones: at worst, a cell that is stored in between seems
	// held.
	held, err := s.Held()
	if err != nil {
		return snapshot{}, err
	}
	for _, name := range held {
		now.held[name] = true
	}
	if now.listing, err = s.listing(); err != nil {
		return snapshot{}, err
	}
	given, err := s.GivenUp(hash)
	if err != nil {
		return snapshot{}, err
	}
	for _, g := range given {
		here, err := g.ForThisHost()
		if err != nil {
			return snapshot{}, err
		}
		if here {
			now.failed[g.Cell] = g
		}
	}
	return now, nil
}
