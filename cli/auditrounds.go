package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"backfire/audit"
	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/estimate"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/words"
	"backfire/report"
)

// auditRounds finds what an audit plays next, from its file and the store alone.
type auditRounds struct {
	file    *config.Audit
	stages  []audit.Stage // to play
	load    cell.Loader
	store   *summary.OnceStore
	decided func([]plan.SweepPoint) ([]plan.SweepPoint, error) // resolves train.precision = auto; nil: leaves it

	models   map[string][]string // hashes of the models of a play, by its text
	progress audit.Progress      // as of the last round that was whole
}

// auditRound is a step of an audit.
type auditRound struct {
	step
	plays []audit.Play
	hours float64 // of all stored trainings of the sweep
}

// stageLine is a line of --json with --dry-run.
type stageLine struct {
	Event string      `json:"event"` // "stage"
	Stage audit.Stage `json:"stage"`
	Audit string      `json:"audit"` // hash
	*estimate.Estimate
}

// next returns the first round that has a missing result, or the last one. Rounds that it has seen whole before are
// not planned again.
func (a *auditRounds) next(ctx context.Context) (*auditRound, error) {
	a.progress.Models = func(p audit.Play) ([]string, error) { return a.modelsOf(ctx, p) }
	for previous := -1; ; {
		wanted, err := a.file.Spec.Wanted(a.progress)
		if errors.Is(err, audit.ErrSpec) {
			return nil, &UsageError{Err: fmt.Errorf("%s: %w", a.file.Source, err)}
		}
		if err != nil {
			return nil, err
		}
		round := &auditRound{plays: a.kept(wanted.Plays)}
		if round.sweep, round.file, err = a.plan(ctx, round.plays); err != nil {
			return nil, err
		}
		if round.summary, err = summary.Summarize(round.sweep, a.store); err != nil {
			return nil, err
		}
		if round.hours, err = trainedHours(round.sweep, a.store); err != nil {
			return nil, err
		}
		if len(round.summary.Missing) > 0 || len(round.plays) == previous {
			return round, nil
		}
		previous = len(round.plays)
		if a.progress.Trials, err = a.trials(round.summary); err != nil {
			return nil, err
		}
		a.progress.Hours = round.hours
	}
}

// nextStep returns the step of the next round.
func (a *auditRounds) nextStep(ctx context.Context) (*step, error) {
	round, err := a.next(ctx)
	if err != nil {
		return nil, err
	}
	return &round.step, nil
}

// kept returns the plays of the stages to play.
func (a *auditRounds) kept(plays []audit.Play) []audit.Play {
	return slices.DeleteFunc(slices.Clone(plays), func(p audit.Play) bool { return !slices.Contains(a.stages, p.Stage) })
}

// trials returns the games of a summary in the form that package audit judges.
func (a *auditRounds) trials(sum *summary.Summary) ([]audit.Trial, error) {
	return report.Trials(sum, sum.Points[0].Data.Name, report.Options{Result: resultsOf(a.store)})
}

// points returns the points of plays.
func (a *auditRounds) points(plays []audit.Play, err error) ([]plan.SweepPoint, error) {
	if err != nil {
		return nil, err
	}
	sweep, err := a.file.Sweep(plays)
	if err != nil {
		return nil, err
	}
	return sweepPoints([]*config.Sweep{sweep}), nil
}

// plan plans plays.
func (a *auditRounds) plan(ctx context.Context, plays []audit.Play) (*plan.Sweep, *config.Sweep, error) {
	file, err := a.file.Sweep(plays)
	if err != nil {
		return nil, nil, err
	}
	points := sweepPoints([]*config.Sweep{file})
	for i := range points {
		if err := absolute(&points[i].Config); err != nil {
			return nil, nil, err
		}
	}
	if a.decided != nil {
		if points, err = a.decided(points); err != nil {
			return nil, nil, err
		}
	}
	spareMemory(len(points))
	sweep, err := plan.NewSweep(ctx, points, a.load)
	if err != nil {
		return nil, nil, planError(err)
	}
	sweep.Audit = &a.file.Spec
	return sweep, file, nil
}

// smallest plans what the audit plays in any case, and notes its hash in the audit's description.
func (a *auditRounds) smallest(ctx context.Context) (*plan.Sweep, error) {
	plays, err := a.file.Spec.Smallest()
	if err != nil {
		return nil, err
	}
	sweep, _, err := a.plan(ctx, plays)
	if err != nil {
		return nil, err
	}
	sweep.Audit = nil
	if a.file.Spec.Games, err = sweep.Hash(); err != nil {
		return nil, err
	}
	sweep.Audit = &a.file.Spec
	return sweep, nil
}

// withFirstDiagram returns plays with the first seeds of the phase diagram, if they have none of it yet.
func (a *auditRounds) withFirstDiagram(plays []audit.Play) ([]audit.Play, error) {
	inDiagram := func(p audit.Play) bool { return p.Stage == audit.StagePhase }
	if slices.ContainsFunc(plays, inDiagram) {
		return plays, nil
	}
	smallest, err := a.file.Spec.Smallest()
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(plays), slices.DeleteFunc(a.kept(smallest), func(p audit.Play) bool { return !inDiagram(p) })...), nil
}

// modelsOf returns the hashes of the models that a play trains.
func (a *auditRounds) modelsOf(ctx context.Context, play audit.Play) ([]string, error) {
	key := fmt.Sprint(play)
	if names, ok := a.models[key]; ok {
		return names, nil
	}
	sweep, _, err := a.plan(ctx, []audit.Play{play})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range sweep.Cells {
		hash, err := c.Hash()
		if err != nil {
			return nil, err
		}
		names = append(names, hash)
	}
	if a.models == nil {
		a.models = map[string][]string{}
	}
	a.models[key] = names
	return names, nil
}

// withinHours refuses a round of plays that are played in any case for which a budget of hours has no room.
func (a *auditRounds) withinHours(round *auditRound, estimated *estimate.Estimate) error {
	budget := a.file.Spec.Budget.Hours
	needed := estimated.Seconds * float64(estimated.Workers) / 3600
	if budget == 0 || round.hours+needed <= budget {
		return nil
	}
	smallest, err := a.file.Spec.Smallest()
	if err != nil || len(round.plays) > len(smallest) {
		return err // the rule that adds plays has looked at the budget
	}
	return hoursText(&a.file.Spec, round.hours, needed)
}

// trainedHours returns the time of all stored trainings of a sweep, each counted once.
func trainedHours(sweep *plan.Sweep, st plan.Reader) (float64, error) {
	results := plan.NewCachedReader(st)
	work, err := plan.Resolve(sweep, results, plan.Known{})
	if err != nil {
		return 0, err
	}
	seconds := 0.0
	for _, t := range work.Tasks {
		record, err := results.Record(t.Hash)
		if err != nil {
			return 0, err
		}
		if record == nil {
			continue
		}
		epochs, err := record.Metrics()
		if err != nil {
			return 0, err
		}
		for _, e := range epochs {
			seconds += e.Seconds
		}
	}
	return seconds / 3600, nil
}

// makeAuditPlan plans what an audit plays next for its store, without writing the plan.
func makeAuditPlan(ctx context.Context, opts *SweepOptions) (*planned, *plan.Sweep, error) {
	file, err := config.LoadAudit(opts.Audit, opts.Config)
	if err != nil {
		return nil, nil, err
	}
	tellNotices(opts.IO, file.Notices)
	rounds := &auditRounds{file: file, stages: audit.Stages(), load: plan.Remembering(opts.Load)}
	smallest, err := rounds.smallest(ctx)
	if err != nil {
		return nil, nil, err
	}
	st, err := store.Open(smallest.Points[0].Config.Store)
	if err != nil {
		return nil, nil, err
	}
	rounds.store = summary.NewOnceStore(st)
	round, err := rounds.next(ctx)
	if err != nil {
		return nil, nil, err
	}
	new(repeatLines).tell(opts.IO, round.sweep)
	stored, err := newStoredPlan(round.sweep, st)
	if err != nil {
		return nil, nil, err
	}
	if len(round.summary.Missing) == 0 {
		tell(opts.IO.ErrOut, "Every model that the audit asks for is stored: \"backfire collect\" shows the answers.\n")
	} else {
		tell(opts.IO.ErrOut, "%s of the plan to be trained; plan the audit once more when all are stored\n", words.Plural(len(round.summary.Missing), "model"))
	}
	stored.Table, stored.Name, stored.Title, stored.Preset = string(report.Points), file.Spec.Name, file.Spec.Title, file.Preset
	return &planned{st, stored}, round.sweep, nil
}
