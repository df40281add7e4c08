package experiments

import (
	"context"

	"backfire/game"
	"backfire/stats"
)

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
	Plan     string   `json:"plan"` // hash
	Seed     uint64   `json:"seed"`
	Data     Data     `json:"data"`
	Pool     int      `json:"pool_size"`
	Model    Model    `json:"model"`
	Training Training `json:"training"`
	Readings Readings `json:"readings"`
	// Rows are in the order of the plan's games.
	Rows []Row `json:"rows"`
	// Missing lists the cells of the plan that are not stored (yet).
	Missing []Missing `json:"missing"`

	// Path is where the summary was written to.
	Path string `json:"-"`
	// Store is the store's directory.
	Store string `json:"-"`
}

// Row is one game of the table.
type Row struct {
	N    int    `json:"n"`    // attackers
	Cell string `json:"cell"` // hash; its files lie in the directory of that name
	// Complete says that the game is stored. If not, the fields below are
	// empty.
	Complete      bool          `json:"complete"`
	CleanAccuracy game.Rate     `json:"clean_accuracy"`
	Collapsed     bool          `json:"collapsed"`
	ASR           stats.Summary `json:"asr"`
	BaseRate      stats.Summary `json:"base_rate"`
	Lift          stats.Summary `json:"lift"`
	Robustness    stats.Summary `json:"robustness"`
	Attackers     []RowAttacker `json:"attackers"`
}

// RowAttacker is one attacker of a game, beside itself alone.
type RowAttacker struct {
	AttackerResult
	// SingleASR is the ASR of the same attacker with the same trigger in the
	// game where it is alone; nil if that game is not planned or not stored.
	SingleASR *game.Rate `json:"single_asr"`
	// SingleCell is the hash of that game; empty if it is not planned.
	SingleCell string `json:"single_cell,omitempty"`
	// Draws are the triggers that the attacker drew until one was kept; nil if
	// its single ASR is not verified.
	Draws []Draw `json:"draws,omitempty"`
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
	first := plan.Cells[0]
	s := &Summary{
		Format: SummaryFormat, Plan: hash, Seed: first.Game.Seed, Data: first.Data, Pool: first.Game.PoolSize,
		Model: first.Model, Training: first.Training, Readings: readings(first.Game),
		Missing: []Missing{}, Store: store.Dir(),
	}
	results := newLibrary(store)
	for _, cell := range plan.Cells {
		hash, err := cell.Hash()
		if err != nil {
			return nil, err
		}
		if result, err := results.read(hash); err != nil {
			return nil, err
		} else if result == nil {
			s.Missing = append(s.Missing, Missing{Cell: hash, Title: cell.Title()})
		}
	}
	for _, planned := range plan.Games {
		row, err := newRow(plan, planned, results)
		if err != nil {
			return nil, err
		}
		s.Rows = append(s.Rows, row)
	}
	return s, nil
}

func newRow(plan *Plan, planned PlannedGame, results *library) (Row, error) {
	cell, _ := plan.Cell(planned.Cell)
	row := Row{N: len(cell.Game.Attackers), Cell: planned.Cell, Attackers: []RowAttacker{}}
	result, err := results.read(planned.Cell)
	if err != nil {
		return Row{}, err
	}
	if result == nil {
		for _, summary := range []*stats.Summary{&row.ASR, &row.BaseRate, &row.Lift, &row.Robustness} {
			*summary = stats.Summarize(nil)
		}
		return row, nil
	}
	row.Complete = true
	row.CleanAccuracy, row.Collapsed = result.CleanAccuracy, result.Collapsed
	row.ASR, row.BaseRate, row.Lift, row.Robustness = result.ASR, result.BaseRate, result.Lift, result.Robustness
	for _, attacker := range result.Attackers {
		a := RowAttacker{AttackerResult: attacker, SingleCell: planned.Singles[attacker.ID], Draws: plan.Draws[attacker.ID]}
		if a.SingleCell != "" {
			single, err := results.read(a.SingleCell)
			if err != nil {
				return Row{}, err
			}
			if single != nil {
				a.SingleASR = &single.Attackers[0].ASR
			}
		}
		row.Attackers = append(row.Attackers, a)
	}
	return row, nil
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
