package experiments

import (
	"context"

	"backfire/defenses"
	"backfire/game"
)

// SweepFormat is the version of SweepSummary.
const SweepFormat = 1

// SweepFile is the name of a sweep's summary, in the sweep's directory of the
// store.
const SweepFile = "sweep.json"

// Undefended is the Defender of a game without a defense.
const Undefended = defenses.None

// SweepSummary is what the points of a sweep gave. It is made from stored
// results only and lies in the store under plans/<hash of the sweep>/.
type SweepSummary struct {
	Format int    `json:"format"`
	Sweep  string `json:"sweep"` // hash
	// Origin is what the sweep was asked for; nil: not known.
	Origin *Origin `json:"origin,omitempty"`
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

	Seed     uint64   `json:"seed"`
	Data     Data     `json:"data"`
	Pool     int      `json:"pool_size"`
	Model    Model    `json:"model"`
	Training Training `json:"training"`
	Readings Readings `json:"readings"`
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
	Row
	Overlaps []game.PairOverlap `json:"overlaps"` // pairs of triggers with much in common
}

// SummarizeSweep reads the stored results of a sweep and joins them. Results that
// are missing or broken make games incomplete; an error says that the store
// cannot be read.
func SummarizeSweep(sweep *Sweep, store *Store) (*SweepSummary, error) {
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	s := &SweepSummary{Format: SweepFormat, Sweep: hash, Points: []PointSummary{}, Missing: []Missing{}, Store: store.Dir()}
	results := newLibrary(store)
	stage, err := settle(sweep, results, Findings{})
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
	for _, want := range stage.Wants {
		if result, err := results.read(want.Hash); err != nil {
			return nil, err
		} else if result == nil || want.Waits {
			s.Missing = append(s.Missing, Missing{Cell: want.Hash, Title: want.Title})
		}
	}
	return s, nil
}

// newPointSummary joins the results of one point.
func newPointSummary(point SweepPoint, plan *Plan, results *library) (PointSummary, error) {
	first := plan.first()
	s := PointSummary{
		Name: point.Name, Keys: point.Keys, Seed: first.Game.Seed, Data: first.Data, Pool: first.Game.PoolSize,
		Model: first.Model, Training: first.Training, Readings: ReadingsOf(first.Game),
		Labels: point.Config.Attackers.Labels, MinSingleASR: point.verifying().Trigger.MinSingleASR,
	}
	for _, planned := range plan.Games {
		rows, err := newRows(plan, planned, results)
		if err != nil {
			return PointSummary{}, err
		}
		for _, row := range rows {
			s.Games = append(s.Games, GameSummary{Row: row, Overlaps: append([]game.PairOverlap{}, row.overlaps...)})
		}
	}
	return s, nil
}

// Write puts the summary into the store and notes its path.
func (s *SweepSummary) Write(ctx context.Context, store *Store) error {
	data, err := encodeJSON(s)
	if err != nil {
		return err
	}
	s.Path, err = store.writePlanFile(ctx, s.Sweep, SweepFile, data)
	return err
}
