package experiments

import "context"

// SummaryFormat is the version of Summary.
const SummaryFormat = 1

// SummaryFile is the name of a plan's summary, in the plan's directory of the
// store.
const SummaryFile = "summary.json"

// Summary is the table of a plan: what its games gave, with each attacker's
// single ASR from the game in which it is alone. It is made from stored results
// only and lies in the store under plans/<hash of the plan>/.
type Summary struct {
	Format   int      `json:"format"`
	Plan     string   `json:"plan"`             // hash
	Origin   *Origin  `json:"origin,omitempty"` // what the run was asked for; nil: not known
	Seed     uint64   `json:"seed"`
	Data     Data     `json:"data"`
	Pool     int      `json:"pool_size"`
	Model    Model    `json:"model"`
	Training Training `json:"training"`
	Readings Readings `json:"readings"`
	// Rows are in the order of the plan's games: each without a defense, then as
	// each of the plan's defenders ended it.
	Rows []Row `json:"rows"`
	// Missing lists the cells of the plan that are not stored (yet).
	Missing []Missing `json:"missing"`

	// Path is where the summary was written to.
	Path string `json:"-"`
	// Store is the store's directory.
	Store string `json:"-"`
}

// Missing is a cell without a result.
type Missing struct {
	Cell  string `json:"cell"` // hash
	Title string `json:"title"`
}

// Summarize reads the stored results of a plan and joins them. Results that
// are missing or broken make rows incomplete; an error says that the store
// cannot be read.
func Summarize(plan *Plan, store *Store) (*Summary, error) {
	hash, err := plan.Hash()
	if err != nil {
		return nil, err
	}
	first := plan.first()
	s := &Summary{
		Format: SummaryFormat, Plan: hash, Seed: first.Game.Seed, Data: first.Data, Pool: first.Game.PoolSize,
		Model: first.Model, Training: first.Training, Readings: ReadingsOf(first.Game),
		Missing: []Missing{}, Store: store.Dir(),
	}
	results := newLibrary(store)
	waits := map[string]bool{}
	for _, planned := range plan.Games {
		waits[planned.Cell] = planned.waits
		for _, defender := range planned.Defenders {
			for _, hash := range defender.Models {
				waits[hash] = planned.waits
			}
		}
	}
	for _, cell := range plan.Cells {
		hash, err := cell.Hash()
		if err != nil {
			return nil, err
		}
		if result, err := results.read(hash); err != nil {
			return nil, err
		} else if result == nil || waits[hash] {
			s.Missing = append(s.Missing, Missing{Cell: hash, Title: cell.Title()})
		}
	}
	for _, planned := range plan.Games {
		rows, err := newRows(plan, planned, results)
		if err != nil {
			return nil, err
		}
		s.Rows = append(s.Rows, rows...)
	}
	return s, nil
}

// Write puts the summary into the store and notes its path.
func (s *Summary) Write(ctx context.Context, store *Store) error {
	data, err := encodeJSON(s)
	if err != nil {
		return err
	}
	s.Path, err = store.writePlanFile(ctx, s.Plan, SummaryFile, data)
	return err
}
