// Package summary joins stored results into games: the numbers behind a table. Summarize
// reads the results of a sweep, of which a run is one with a single point; a summary is
// stored beside the results and read back with Load. NewModelSet finds the stored models
// of a game. A summary depends on the store's content alone.
package summary

import (
	"cmp"
	"context"
	"slices"

	"backfire/audit"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/jsonfile"
	"backfire/payoffs"
)

// Summary holds the games of a sweep. It is made from stored results only and lies in
// the store under plans/<hash of the sweep>/.
type Summary struct {
	Format int    `json:"format"`
	Sweep  string `json:"sweep"` // hash
	// Origin is the command that asked for the sweep; nil: not known.
	Origin *Request `json:"origin,omitempty"`
	// Primary holds the choices that the sweep fixed before anything was trained; nil: none.
	Primary *plan.Primary `json:"primary,omitempty"`
	// Audit describes the audit that the sweep is part of; nil: none.
	Audit *audit.Spec `json:"audit,omitempty"`
	// Game describes the attackers' game whose profiles the points are; nil: none.
	Game *payoffs.Spec `json:"game,omitempty"`
	// Points are in the order of the sweep's points.
	Points []PointSummary `json:"points"`
	// Missing lists the required cells that have no whole result, and the games that cannot
	// be played.
	Missing []Missing `json:"missing"`
	// Digest is the SHA-256 of the canonical JSON of the other fields, see cell.SealOf. It
	// is empty, and not written, in summaries of older versions.
	Digest string `json:"digest,omitempty"`

	// Unfinished holds Missing with the reasons, as Summarize found them.
	Unfinished []plan.Missing `json:"-"`
	// Path is the file of the summary.
	Path string `json:"-"`
	// Store is the store's directory.
	Store string `json:"-"`
}

// Missing is a cell without a result.
type Missing struct {
	Cell  string `json:"cell"` // hash
	Title string `json:"title"`
}

// PointSummary is one configuration of a sweep and its games.
type PointSummary struct {
	Name string            `json:"name"`
	Keys map[string]string `json:"keys"` // the varied keys and their values

	Seed uint64 `json:"seed"`
	// Repetition is the number of this training of the games, from 1 on, where each has several on
	// one deal and with the same triggers (seeds.trainings); otherwise 0. The seed of the training
	// is in Training.
	Repetition int `json:"repetition,omitempty"`

	Data     cell.Data     `json:"data"`
	Pool     int           `json:"pool_size"`
	Model    cell.Model    `json:"model"`
	Training cell.Training `json:"training"`
	Readings cell.Readings `json:"readings"`
	// Labels is the choice of target labels: same, random or list.
	Labels string `json:"labels"`
	// MinSingleASR is the single ASR that triggers have to reach, in this point's single
	// games or in those in which the sweep verifies them; 0: none.
	MinSingleASR float64 `json:"min_single_asr"`

	// Games are in the order of attackers.counts: each without a defense, then with
	// each of the point's defenders.
	Games []GameSummary `json:"games"`
}

// GameSummary is one game with one defender, and the overlaps of its triggers.
type GameSummary struct {
	GameResult
	// Overlaps are pairs of triggers with many pixels in common, at most mostOverlaps: those
	// with the highest Jaccard.
	Overlaps []game.PairOverlap `json:"overlaps"`
	// OverlapCount is the number of all undeclared pairs; 0: Overlaps has all.
	OverlapCount int `json:"overlap_count,omitempty"`
}

// mostOverlaps is the largest number of pairs of triggers that a summary lists for a game. A game of a
// thousand attackers may have half a million.
const mostOverlaps = 1000

// newGameSummary returns the summary of a game.
func newGameSummary(g GameResult) GameSummary {
	s := GameSummary{GameResult: g, Overlaps: append([]game.PairOverlap{}, g.overlaps...)}
	if len(s.Overlaps) > mostOverlaps {
		for _, o := range s.Overlaps {
			if !o.Declared {
				s.OverlapCount++
			}
		}
		slices.SortStableFunc(s.Overlaps, func(a, b game.PairOverlap) int { return cmp.Compare(b.Jaccard, a.Jaccard) })
		s.Overlaps = slices.Clone(s.Overlaps[:mostOverlaps])
	}
	return s
}

// Summarize reads the stored results of a sweep and joins them. Results that are
// missing or broken make games incomplete. It fails if the store cannot be read.
func Summarize(sweep *plan.Sweep, store Source) (*Summary, error) {
	hash, err := sweep.Hash()
	if err != nil {
		return nil, err
	}
	s := &Summary{Format: plan.SweepFormat, Sweep: hash, Primary: sweep.Primary, Audit: sweep.Audit, Game: sweep.Game, Points: []PointSummary{}, Missing: []Missing{}, Store: store.Dir()}
	results := plan.NewCachedReader(store)
	work, err := plan.Resolve(sweep, results, plan.Known{})
	if err != nil {
		return nil, err
	}
	for i, plan := range work.Plans {
		point, err := newPointSummary(sweep.Points[i].SweepPoint, plan, results)
		if err != nil {
			return nil, err
		}
		s.Points = append(s.Points, point)
	}
	if s.Unfinished, err = work.Missing(results); err != nil {
		return nil, err
	}
	for _, m := range s.Unfinished {
		s.Missing = append(s.Missing, Missing{Cell: m.Cell, Title: m.Title})
	}
	return s, nil
}

// newPointSummary joins the results of one point.
func newPointSummary(point plan.SweepPoint, plan *plan.Plan, results *plan.CachedReader) (PointSummary, error) {
	first := plan.First()
	s := PointSummary{
		Name: point.Name, Keys: point.Keys, Seed: first.Game.Seed, Repetition: point.Training, Data: first.Data, Pool: first.Game.PoolSize,
		Model: first.Model, Training: first.Training, Readings: cell.ReadingsOf(first.Game),
		Labels: point.Config.Attackers.Labels, MinSingleASR: point.Verifying().Trigger.MinSingleASR,
	}
	s.Readings.Seats = plan.Seats // the largest game has one spelling in all readings
	if s.Keys == nil {
		s.Keys = map[string]string{}
	}
	for _, planned := range plan.Games {
		games, err := newGameResults(plan, planned, results)
		if err != nil {
			return PointSummary{}, err
		}
		for _, g := range games {
			s.Games = append(s.Games, newGameSummary(g))
		}
	}
	return s, nil
}

// Write seals the summary, writes it to the store and sets Path.
func (s *Summary) Write(ctx context.Context, st *store.Store) error {
	var err error
	if s.Digest, err = cell.SealOf(s); err != nil {
		return err
	}
	data, err := jsonfile.Encode(s)
	if err != nil {
		return err
	}
	s.Path, err = st.WritePlanFile(ctx, s.Sweep, store.SweepFile, data)
	return err
}
