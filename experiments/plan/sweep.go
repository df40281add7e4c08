package plan

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"backfire/config"
	"backfire/datasets"
	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/experiments/store"
)

// SweepPoint is one configuration of a sweep.
type SweepPoint struct {
	Name   string            // for people, in messages and summaries; may be empty
	Keys   map[string]string // the keys that the sweep varies, and their values here
	Config config.Config
	// Verify is the configuration in which triggers have to prove themselves
	// (trigger.min_single_asr); its seed and images are Config's. nil: Config.
	Verify *config.Config
}

// PlannedPoint is a point of a sweep and the games that it asks for if every
// first trigger is kept.
type PlannedPoint struct {
	SweepPoint
	Games []PlannedGame
}

// Sweep is what several configurations ask for together: each distinct cell is
// trained once, whichever of them wants it.
//
// Which cells those are may depend on results: where triggers have to prove
// themselves alone (trigger.min_single_asr), a game is known only once the
// single games of its attackers are stored. Stage says what to do next; it
// depends on the points and on results alone, so that any process can go on
// with a sweep from what is stored.
type Sweep struct {
	Points []PlannedPoint
	// Cells are those that the points ask for if every first trigger is kept,
	// in the order to train them: row by row, each row over all seeds, so that
	// a first complete row comes early.
	Cells []cell.Cell

	planning sync.Mutex // planners remember what they planned
	planners []*planner
	sources  []datasets.Source // by point
	order    []place
}

// place is one game of one point.
type place struct {
	point, game int
}

// NewSweep plans the games of every point. It loads each dataset once and deals
// every game, so that whatever is wrong with any point is found here. The error
// wraps ErrPlan and its cause, see NewPlan; other errors are those of load.
func NewSweep(ctx context.Context, points []SweepPoint, load cell.Loader) (*Sweep, error) {
	if len(points) == 0 {
		return nil, fmt.Errorf("experiments: sweep: %w: no points", cell.ErrPlan)
	}
	s := &Sweep{order: rounds(points)}
	sets := map[datasets.Source]*datasets.Set{}
	for _, point := range points {
		source := SourceOf(point.Config)
		if sets[source] == nil {
			set, err := load(ctx, source)
			if err != nil {
				return nil, err
			}
			sets[source] = set
		}
		p, err := point.planner(sets[source])
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
	for _, want := range first.Tasks {
		s.Cells = append(s.Cells, want.Cell)
	}
	return s, nil
}

// planner plans the point's games.
func (p SweepPoint) planner(set *datasets.Set) (*planner, error) {
	planner, err := newPlanner(p.Config, set)
	if err != nil || p.Verify == nil {
		return planner, err
	}
	planner.judge, err = newPlanner(*p.Verify, set)
	return planner, err
}

// verifying is the configuration in which triggers have to prove themselves.
func (p SweepPoint) Verifying() config.Config {
	if p.Verify != nil {
		return *p.Verify
	}
	return p.Config
}

// SourceOf says where a configuration finds its images.
func SourceOf(cfg config.Config) datasets.Source {
	return datasets.Source{Name: cfg.Data.Name, Path: cfg.Data.Path, Split: cfg.Data.Split, Dir: cfg.Data.Dir}
}

// fault says which point an error is about.
func (p SweepPoint) fault(err error) error {
	if p.Name == "" {
		return fmt.Errorf("experiments: plan: %w", err)
	}
	return fmt.Errorf("experiments: plan %s: %w", p.Name, err)
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

// Hash is the name of the sweep: the SHA-256 of the canonical JSON of its
// points' names, varied keys, games if every first trigger is kept, and what is
// asked of triggers: the bound and, where they are not verified in the point's own
// single games, in which.
func (s *Sweep) Hash() (string, error) {
	type point struct {
		Name         string            `json:"name"`
		Keys         map[string]string `json:"keys"`
		Games        []PlannedGame     `json:"games"`
		MinSingleASR float64           `json:"min_single_asr"`
		Verified     map[int]string    `json:"verified,omitempty"` // attacker ID -> hash
	}
	content := struct {
		Format int     `json:"format"`
		Points []point `json:"points"`
	}{Format: SweepFormat}
	first, err := s.Worklist(nil)
	if err != nil {
		return "", err
	}
	for i, p := range s.Points {
		one := point{Name: p.Name, Keys: p.Keys, Games: p.Games, MinSingleASR: p.Verifying().Trigger.MinSingleASR}
		if p.Verify != nil {
			one.Verified = map[int]string{}
			for id, draws := range first.Plans[i].Candidates {
				one.Verified[id] = draws[0].Cell
			}
		}
		content.Points = append(content.Points, one)
	}
	hash, err := cell.HashOf(content)
	if err != nil {
		return "", fmt.Errorf("experiments: hash sweep: %w", err)
	}
	return hash, nil
}

// ArtefactsOf returns what a configuration asks for.
func ArtefactsOf(cfg config.Config) store.Artefacts {
	a := cfg.Artefacts
	return store.Artefacts{Model: a.Model, Triggers: a.Triggers, Folder: a.Images == "folder", Archive: a.Images == "npz", Divergence: a.Divergence}
}

// trainedStage is a stage by the name of the state at its end, with the images
// that pass through training steps in it.
type TrainedSegment struct {
	cell.Segment
	Name   string // of Cell.until, or of the cell for its last stage
	Images int64
}

// trained returns the stages that a stored result of the cell comes from, those
// that it shares with others included.
func TrainedSegments(c cell.Cell, r *store.Result) ([]TrainedSegment, error) {
	course, err := c.Segments()
	if err != nil {
		return nil, err
	}
	last := course[len(course)-1]
	var list []TrainedSegment
	for at, s := range course {
		rows := r.TrainingImages
		for _, position := range last.Attackers {
			if !slices.Contains(s.Attackers, position) {
				rows -= r.Attackers[position].Contributed
			}
		}
		end := c.WithoutAttribution()
		if at+1 < len(course) {
			end = c.Prefix(at + 1)
		}
		name, err := end.Hash()
		if err != nil {
			return nil, err
		}
		list = append(list, TrainedSegment{Segment: s, Name: name, Images: int64(c.PassingImages(rows)) * int64(s.End-s.First)})
	}
	return list, nil
}

// redraws is the largest number of single games that may still be added.
func (s *Worklist) Redraws() int {
	open := map[string]int{}
	for _, plan := range s.Plans {
		for id, draws := range plan.Candidates {
			if plan.open(id) {
				open[draws[len(draws)-1].Cell] = MaxDraws - len(draws)
			}
		}
	}
	sum := 0
	for _, n := range open {
		sum += n
	}
	return sum
}

// Remembering is a Loader that loads each dataset once.
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

// SweepFormat is the version of a summary.
const SweepFormat = 1

// Undefended is the Defender of a game without a defense.
const Undefended = defenses.None
