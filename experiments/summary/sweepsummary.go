package summary

import (
	"context"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/jsonfile"
)

// SweepSummary is what the points of a sweep gave. It is made from stored
// results only and lies in the store under plans/<hash of the sweep>/.
type SweepSummary struct {
	Format int    `json:"format"`
	Sweep  string `json:"sweep"` // hash
	// Origin is what the sweep was asked for; nil: not known.
	Origin *Request `json:"origin,omitempty"`
	// Points are in the order of the sweep's points.
	Points []PointSummary `json:"points"`
	// Missing lists the cells that are wanted and not stored (yet).
	Missing []Missing `json:"missing"`

	// Path is where the summary was written to.
	Path string `json:"-"`
	// Store is the store's directory.
	Store string `json:"-"`
}

// PointSummary is one configuration of a sweep and its games.
type PointSummary struct {
	Name string            `json:"name"`
	Keys map[string]string `json:"keys"` // the varied keys and their values

	Seed     uint64        `json:"seed"`
	Data     cell.Data     `json:"data"`
	Pool     int           `json:"pool_size"`
	Model    cell.Model    `json:"model"`
	Training cell.Training `json:"training"`
	Readings cell.Readings `json:"readings"`
	// Labels says how target labels were chosen: same, random or list.
	Labels string `json:"labels"`
	// MinSingleASR is the single ASR asked of triggers, in this point's single games
	// or in those that the sweep verifies them in; 0: none.
	MinSingleASR float64 `json:"min_single_asr"`

	// Games are in the order of attackers.counts: each without a defense, then as
	// each of the point's defenders ended it.
	Games []GameSummary `json:"games"`
}

// GameSummary is one game as one defender ended it.
type GameSummary struct {
	GameResult
	Overlaps []game.PairOverlap `json:"overlaps"` // pairs of triggers with much in common
}

// SummarizeSweep reads the stored results of a sweep and joins them. Results that
// are missing or broken make games incomplete; an error says that the store
// cannot be read.
func SummarizeSweep(sweep *plan.Sweep, store *store.Store) (*SweepSummary, error) {
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	s := &SweepSummary{Format: plan.SweepFormat, Sweep: hash, Points: []PointSummary{}, Missing: []Missing{}, Store: store.Dir()}
	results := plan.NewCachedReader(store)
	stage, err := plan.Resolve(sweep, results, plan.Known{})
	if err != nil {
		return nil, err
	}
	for i, plan := range stage.Plans {
		point, err := newPointSummary(sweep.Points[i].SweepPoint, plan, results)
		if err != nil {
			return nil, err
		}
		s.Points = append(s.Points, point)
	}
	for _, want := range stage.Tasks {
		if result, err := results.Read(want.Hash); err != nil {
			return nil, err
		} else if result == nil || want.Waits {
			s.Missing = append(s.Missing, Missing{Cell: want.Hash, Title: want.Title})
		}
	}
	return s, nil
}

// newPointSummary joins the results of one point.
func newPointSummary(point plan.SweepPoint, plan *plan.Plan, results *plan.CachedReader) (PointSummary, error) {
	first := plan.First()
	s := PointSummary{
		Name: point.Name, Keys: point.Keys, Seed: first.Game.Seed, Data: first.Data, Pool: first.Game.PoolSize,
		Model: first.Model, Training: first.Training, Readings: cell.ReadingsOf(first.Game),
		Labels: point.Config.Attackers.Labels, MinSingleASR: point.Verifying().Trigger.MinSingleASR,
	}
	for _, planned := range plan.Games {
		rows, err := newGameResults(plan, planned, results)
		if err != nil {
			return PointSummary{}, err
		}
		for _, row := range rows {
			s.Games = append(s.Games, GameSummary{GameResult: row, Overlaps: append([]game.PairOverlap{}, row.overlaps...)})
		}
	}
	return s, nil
}

// Write puts the summary into the store and notes its path.
func (s *SweepSummary) Write(ctx context.Context, st *store.Store) error {
	data, err := jsonfile.Encode(s)
	if err != nil {
		return err
	}
	s.Path, err = st.WritePlanFile(ctx, s.Sweep, store.SweepFile, data)
	return err
}
