package summary

import (
	"context"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/jsonfile"
)

// SummaryFormat is the version of Summary.
const Format = 1

// Summary is the table of a plan: what its games gave, with each attacker's
// single ASR from the game in which it is alone. It is made from stored results
// only and lies in the store under plans/<hash of the plan>/.
type Summary struct {
	Format   int           `json:"format"`
	Plan     string        `json:"plan"`             // hash
	Origin   *Request      `json:"origin,omitempty"` // what the run was asked for; nil: not known
	Seed     uint64        `json:"seed"`
	Data     cell.Data     `json:"data"`
	Pool     int           `json:"pool_size"`
	Model    cell.Model    `json:"model"`
	Training cell.Training `json:"training"`
	Readings cell.Readings `json:"readings"`
	// Rows are in the order of the plan's games: each without a defense, then as
	// each of the plan's defenders ended it.
	Rows []GameResult `json:"rows"`
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
func Summarize(p *plan.Plan, st *store.Store) (*Summary, error) {
	hash, err := p.Hash()
	if err != nil {
		return nil, err
	}
	first := p.First()
	s := &Summary{
		Format: Format, Plan: hash, Seed: first.Game.Seed, Data: first.Data, Pool: first.Game.PoolSize,
		Model: first.Model, Training: first.Training, Readings: cell.ReadingsOf(first.Game),
		Missing: []Missing{}, Store: st.Dir(),
	}
	results := plan.NewCachedReader(st)
	waits := map[string]bool{}
	for _, planned := range p.Games {
		waits[planned.Cell] = planned.Waits
		for _, defender := range planned.Defenders {
			for _, hash := range defender.Models {
				waits[hash] = planned.Waits
			}
		}
	}
	for _, cell := range p.Cells {
		hash, err := cell.Hash()
		if err != nil {
			return nil, err
		}
		if result, err := results.Read(hash); err != nil {
			return nil, err
		} else if result == nil || waits[hash] {
			s.Missing = append(s.Missing, Missing{Cell: hash, Title: cell.Title()})
		}
	}
	for _, planned := range p.Games {
		rows, err := newGameResults(p, planned, results)
		if err != nil {
			return nil, err
		}
		s.Rows = append(s.Rows, rows...)
	}
	return s, nil
}

// Write puts the summary into the store and notes its path.
func (s *Summary) Write(ctx context.Context, st *store.Store) error {
	data, err := jsonfile.Encode(s)
	if err != nil {
		return err
	}
	s.Path, err = st.WritePlanFile(ctx, s.Plan, store.SummaryFile, data)
	return err
}
