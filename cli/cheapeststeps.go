package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"backfire/cheapest"
	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/visible"
	"backfire/report/costs"
)

// cheapestSteps finds what a search plays next, from its description and the store alone.
type cheapestSteps struct {
	search  *config.Cheapest
	load    cell.Loader
	store   *store.Store
	decided func([]plan.SweepPoint) ([]plan.SweepPoint, error) // resolves train.precision = auto
}

// cheapestLine is the last line of --json.
type cheapestLine struct {
	Event       string           `json:"event"`          // "cheapest"
	Path        string           `json:"path,omitempty"` // the sweep's summary
	Files       []string         `json:"files"`
	Interrupted bool             `json:"interrupted"`
	Failed      []store.Failure  `json:"failed"`
	Cheapest    *cheapest.Result `json:"cheapest"`
}

// plan plans plays.
func (c *cheapestSteps) plan(ctx context.Context, plays []cheapest.Play) (*plan.Sweep, *config.Sweep, error) {
	file, err := c.search.Sweep(plays)
	if err != nil {
		return nil, nil, err
	}
	points := sweepPoints([]*config.Sweep{file})
	if points, err = c.decided(points); err != nil {
		return nil, nil, err
	}
	spareMemory(len(points))
	sweep, err := plan.NewSweep(ctx, points, c.load)
	if err != nil {
		return nil, nil, planError(err)
	}
	return sweep, file, nil
}

// next returns the first step that has a missing result, or the last one.
func (c *cheapestSteps) next(ctx context.Context) (*step, error) {
	var games []cheapest.Game
	var plays []cheapest.Play
	s := &step{}
	for {
		_, more := c.search.Spec.Search(games)
		if len(more) == 0 {
			return s, nil
		}
		plays = append(plays, more...)
		var err error
		s = &step{}
		if s.sweep, s.file, err = c.plan(ctx, plays); err != nil {
			return nil, err
		}
		if s.summary, err = summary.Summarize(s.sweep, c.store); err != nil {
			return nil, err
		}
		if len(s.summary.Missing) > 0 {
			return s, nil
		}
		if games, err = c.games(s.summary); err != nil {
			return nil, err
		}
	}
}

// games returns the games of a summary that are complete.
func (c *cheapestSteps) games(sum *summary.Summary) ([]cheapest.Game, error) {
	var games []cheapest.Game
	for _, point := range sum.Points {
		n, err := strconv.Atoi(point.Keys["N"])
		if err != nil {
			return nil, fmt.Errorf("read the search: %w", err)
		}
		value, err := strconv.Atoi(point.Keys[string(c.search.Spec.Unit)])
		if err != nil {
			return nil, fmt.Errorf("read the search: %w", err)
		}
		g := point.Games[0]
		if !g.Complete || !g.ASR.Mean.Defined() || point.Repetition > 1 {
			continue
		}
		games = append(games, cheapest.Game{
			Play: cheapest.Play{N: n, Seed: point.Seed, Value: value}, ASR: float64(g.ASR.Mean), Collapsed: g.Collapsed, Model: g.Cell,
		})
	}
	return games, nil
}

// shower returns the function that shows the answers of the search.
func (c *cheapestSteps) shower(o *sweepOutput) func(*summary.Summary, *runner.Outcome, bool) error {
	return func(sum *summary.Summary, outcome *runner.Outcome, interrupted bool) error {
		games, err := c.games(sum)
		if err != nil {
			return err
		}
		result := c.search.Spec.Analyze(games)
		result.Hash = sum.Sweep
		document := costs.New(result, sum.Points[0].Data.Name)
		line := cheapestLine{Event: "cheapest", Path: sum.Path, Files: []string{}, Interrupted: interrupted, Failed: append([]store.Failure{}, outcome.Failed...), Cheapest: result}
		if !interrupted {
			base := filepath.Join(o.dir(), visible.FileName(document.Name()))
			if line.Files, err = writeAnswers("search", base, document, costs.Formats()); err != nil {
				return err
			}
		}
		if err := showAnswers(o.opts, "search", line, document, costs.Text, line.Files); err != nil {
			return err
		}
		o.tellStore()
		return nil
	}
}

// makeCheapestPlan plans the next step of a search for its store, without writing the plan.
func makeCheapestPlan(ctx context.Context, opts *SweepOptions) (*planned, *plan.Sweep, error) {
	request := *opts.Search
	request.Seeds = max(1, opts.Seeds)
	search, err := config.LoadCheapest(opts.Config, request)
	if err != nil {
		return nil, nil, err
	}
	tellNotices(opts.IO, search.Notices)
	steps := &cheapestSteps{search: search, load: plan.Remembering(opts.Load), decided: withAbsolutePaths}
	_, begin := search.Spec.Search(nil)
	smallest, _, err := steps.plan(ctx, begin)
	if err != nil {
		return nil, nil, err
	}
	if steps.store, err = store.Open(smallest.Points[0].Config.Store); err != nil {
		return nil, nil, err
	}
	step, err := steps.next(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(step.summary.Missing) == 0 {
		tell(opts.IO.ErrOut, "The search has ended: all of its models are stored, and \"backfire cheapest\" shows the answers.\n")
	}
	stored, err := newStoredPlan(step.sweep, steps.store)
	if err != nil {
		return nil, nil, err
	}
	stored.Table, stored.Name, stored.Title, stored.Preset = string(opts.Kind), step.file.Name, step.file.Title, step.file.Preset
	return &planned{steps.store, stored}, step.sweep, nil
}

// withAbsolutePaths makes the paths of points absolute, because workers start in other directories.
func withAbsolutePaths(points []plan.SweepPoint) ([]plan.SweepPoint, error) {
	for i := range points {
		if err := absolute(&points[i].Config); err != nil {
			return nil, err
		}
	}
	return points, nil
}
