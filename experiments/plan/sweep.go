package plan

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"backfire/audit"
	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/patterns"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/payoffs"
)

// SweepFormat is the version of a sweep: of the content of its hash, and of its summary.
const SweepFormat = 1

// Primary holds the choices that a sweep fixes before anything is trained.
type Primary = config.Primary

// SweepPoint is one configuration of a sweep.
type SweepPoint struct {
	Name   string            // in messages and summaries; may be empty
	Keys   map[string]string // the keys that the sweep varies, and their values here
	Config config.Config
	// Verify is the configuration whose single games verify triggers (trigger.min_single_asr); its seed and
	// images are Config's. nil: Config.
	Verify *config.Config
	// Training is the number of this training of the point's games, from 1 on, if there are several; otherwise 0.
	Training int
}

// PlannedPoint is a point of a sweep with the games that it asks for if every first trigger is kept.
type PlannedPoint struct {
	SweepPoint
	Games []PlannedGame
}

// Sweep plans several configurations together: each distinct cell is trained once, for all points that need it.
//
// The cells may depend on results: if triggers are verified in single games (trigger.min_single_asr), a game is
// known only when the single games of its attackers are stored. Worklist returns the cells to train next. It
// depends on the points and on results alone, so that any process can resume a sweep from the store.
type Sweep struct {
	Points []PlannedPoint
	// Primary holds the choices that were fixed before anything is trained; nil: none. The caller of NewSweep
	// sets it.
	Primary *Primary
	// Audit describes the audit that the sweep is part of; nil: none. The caller of NewSweep sets it.
	Audit *audit.Spec
	// Game describes the attackers' game whose profiles the points are; nil: none. The caller of NewSweep sets it.
	Game *payoffs.Spec
	// Cells are those that the points need if every first trigger is kept, in the order to train them: row by
	// row, each row over all seeds, so that a first complete row comes early.
	Cells []cell.Cell

	planning sync.Mutex // planners keep the games that they planned
	planners []*planner
	sources  []datasets.Source // by point
	order    []place
	weights  *weightFiles
}

// place is one game of one point.
type place struct {
	point, game int
}

// NewSweep plans the games of every point. It loads each dataset once and deals every game, so that everything
// that is wrong with any point is found here. The error wraps ErrPlan and its cause, see New; other errors are
// those of load.
func NewSweep(ctx context.Context, points []SweepPoint, load cell.Loader) (*Sweep, error) {
	if len(points) == 0 {
		return nil, fmt.Errorf("plan: sweep: %w: no points", cell.ErrPlan)
	}
	s := &Sweep{order: rounds(points), weights: newWeightFiles()}
	sets, largest := map[datasets.Source]*datasets.Set{}, seatsNeeded(points)
	for _, point := range points {
		source := SourceOf(point.Config)
		if sets[source] == nil {
			set, err := load(ctx, source)
			if err != nil {
				return nil, err
			}
			sets[source] = set
		}
		p, err := point.planner(ctx, sets[source], largest, s.weights)
		if err != nil {
			return nil, point.fault(err)
		}
		s.planners, s.sources = append(s.planners, p), append(s.sources, source)
		s.Points = append(s.Points, PlannedPoint{SweepPoint: point})
	}
	first, err := s.Worklist(nil)
	if err != nil {
		return nil, err
	}
	for i, plan := range first.Plans {
		s.Points[i].Games = plan.Games
	}
	for _, t := range first.Tasks {
		s.Cells = append(s.Cells, t.Cell)
	}
	return s, nil
}

// seatsNeeded returns the number of seats that the largest game of all points needs.
func seatsNeeded(points []SweepPoint) int {
	needed := 0
	for _, point := range points {
		needed = max(needed, point.Config.Attackers.SeatsNeeded())
	}
	return needed
}

// WithSeats returns the points of one sweep with the number of seats that deal.seats = max stands for among
// them, so that their games stay the same beside the points of other sweeps. Games of real contributors keep
// their seats anyway.
func WithSeats(points []SweepPoint) []SweepPoint {
	seats := strconv.Itoa(seatsNeeded(points))
	resolved := slices.Clone(points)
	for i := range resolved {
		point := &resolved[i]
		if point.Config.Deal.Seats != config.SeatsMax || contributorsOf(point.Config) != "" {
			continue
		}
		point.Config.Deal.Seats = seats
		if point.Verify != nil {
			verify := *point.Verify
			verify.Deal.Seats, point.Verify = seats, &verify
		}
	}
	return resolved
}

// planner returns a planner of the point's games. largest is the number of seats that the largest game of all
// points needs.
func (p SweepPoint) planner(ctx context.Context, set *datasets.Set, largest int, files *weightFiles) (*planner, error) {
	planner, err := newPlanner(ctx, p.Config, set, largest, files)
	if err != nil || p.Verify == nil {
		return planner, err
	}
	planner.verification, err = newPlanner(ctx, *p.Verify, set, largest, files)
	return planner, err
}

// Verifying returns the configuration whose single games verify triggers.
func (p SweepPoint) Verifying() config.Config {
	if p.Verify != nil {
		return *p.Verify
	}
	return p.Config
}

// SourceOf returns the source of the images of a configuration.
func SourceOf(cfg config.Config) datasets.Source {
	return datasets.Source{
		Name: cfg.Data.Name, Path: cfg.Data.Path, Split: cfg.Data.Split, Dir: cfg.Data.Dir,
		Resize: cfg.Data.Resize, Contributors: contributorsOf(cfg), Stamped: patterns.Dir(cfg.Store),
	}
}

// fault adds the name of the point to an error.
func (p SweepPoint) fault(err error) error {
	if p.Name == "" {
		return fmt.Errorf("plan: %w", err)
	}
	return fmt.Errorf("plan: %s: %w", p.Name, err)
}

// rounds orders the games of the points: the first game of every seed, then the
// second of every seed, and so on. Seeds are in the order of the points.
func rounds(points []SweepPoint) []place {
	var seeds []uint64
	games := map[uint64][]place{}
	longest := 0
	for i, point := range points {
		seed := point.Config.Seed
		if !slices.Contains(seeds, seed) {
			seeds = append(seeds, seed)
		}
		for g := range point.Config.Attackers.Counts {
			games[seed] = append(games[seed], place{i, g})
		}
		longest = max(longest, len(games[seed]))
	}
	var order []place
	for round := range longest {
		for _, seed := range seeds {
			if round < len(games[seed]) {
				order = append(order, games[seed][round])
			}
		}
	}
	return order
}

// Hash returns the name of the sweep: the SHA-256 of the canonical JSON of its points' names, varied keys, games
// if every first trigger is kept, and the conditions on triggers: the bound and the single games in which they
// are verified, unless these are the point's own; and of Primary, Audit and Game, if they are set.
func (s *Sweep) Hash() (string, error) {
	type point struct {
		Name         string            `json:"name"`
		Keys         map[string]string `json:"keys"`
		Games        []PlannedGame     `json:"games"`
		MinSingleASR float64           `json:"min_single_asr"`
		Verified     map[int]string    `json:"verified,omitempty"` // attacker ID -> hash
	}
	content := struct {
		Format  int         `json:"format"`
		Points  []point     `json:"points"`
		Primary *Primary    `json:"primary,omitempty"`
		Audit   *audit.Spec `json:"audit,omitempty"`

		Game *payoffs.Spec `json:"game,omitempty"`
	}{Format: SweepFormat, Primary: s.Primary, Audit: s.Audit, Game: s.Game}
	first, err := s.Worklist(nil)
	if err != nil {
		return "", err
	}
	for i, p := range s.Points {
		one := point{Name: p.Name, Keys: p.Keys, Games: p.Games, MinSingleASR: p.Verifying().Trigger.MinSingleASR}
		if p.Verify != nil {
			one.Verified = map[int]string{}
			for id, candidates := range first.Plans[i].Candidates {
				one.Verified[id] = candidates[0].Cell
			}
		}
		content.Points = append(content.Points, one)
	}
	hash, err := cell.HashOf(content)
	if err != nil {
		return "", fmt.Errorf("plan: hash sweep: %w", err)
	}
	return hash, nil
}

// ArtefactsOf returns the artefacts that a configuration requests.
func ArtefactsOf(cfg config.Config) store.Artefacts {
	a := cfg.Artefacts
	asked := store.Artefacts{
		Model: a.Model == config.ModelAlways, SmallModel: a.Model == config.ModelSmall,
		Triggers: a.Triggers, Folder: a.Images == "folder", Archive: a.Images == "npz", Divergence: a.Divergence, Detection: a.Detection,
	}
	for _, stack := range a.DetectorStacks() {
		asked.Detectors = removed.Lines(asked.Detectors, cell.StackText(stack))
	}
	if cfg.Train.ScoreEvery > 0 {
		asked.Curve = curve.Request{Every: cfg.Train.ScoreEvery, Images: cfg.Train.ScoreImages}
	}
	return asked
}

// TrainedSegment is a segment of the training behind a stored result.
type TrainedSegment struct {
	cell.Segment
	Name   string // hash of cell.Cell.Prefix where it ends, or of the cell without attribution for the last one
	Images int64  // that pass through training steps in it
}

// TrainedSegments returns the segments of the training behind a stored result of the cell, including those that
// it shares with other cells. The errors are those of cell.Cell.Segments and Hash.
func TrainedSegments(c cell.Cell, r *store.Result) ([]TrainedSegment, error) {
	segments, err := c.Segments()
	if err != nil {
		return nil, err
	}
	last := segments[len(segments)-1]
	var trained []TrainedSegment
	for at, s := range segments {
		rows := r.TrainingImages
		for _, position := range last.Agents {
			if !slices.Contains(s.Agents, position) {
				rows -= r.Contributed(position)
			}
		}
		end := c.Trained()
		if at+1 < len(segments) {
			end = c.Prefix(at + 1)
		}
		name, err := end.Hash()
		if err != nil {
			return nil, err
		}
		if len(segments) == 1 {
			s.End = r.Epochs(c) // a rule may have ended the training
		}
		trained = append(trained, TrainedSegment{Segment: s, Name: name, Images: int64(c.PassingImages(rows)) * int64(s.End-s.First)})
	}
	return trained, nil
}

// Remembering returns a loader that loads each dataset once. One goroutine at a time may use it.
func Remembering(load cell.Loader) cell.Loader {
	sets := map[datasets.Source]*datasets.Set{}
	return func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		if set := sets[source]; set != nil {
			return set, nil
		}
		set, err := load(ctx, source)
		if err == nil {
			sets[source] = set
		}
		return set, err
	}
}
