package audit

import (
	"cmp"
	"fmt"
	"slices"

	"backfire/audit/design"
)

// Progress holds the results by which an audit decides what to play.
type Progress struct {
	Trials []Trial
	// Hours is the time of all trainings behind them, each counted once.
	Hours float64
	// Models returns names of the models that a play trains, so that those of several plays count once. It is
	// called only if the budget bounds the models.
	Models func(Play) ([]string, error)
}

// Plan holds the games that an audit plays, as far as those that were played decide.
type Plan struct {
	Plays []Play
	// Design is that of the screening, with its fold-over if there is one.
	Design design.Design
	// Pair are the positions of the two factors of the phase diagram; nil: not decided, or no diagram.
	Pair []int
	// Ended reports whether no further games follow once Plays are played, and Budget whether the budget keeps the
	// audit from some.
	Ended, Budget bool
}

// Cell is a place of the phase diagram.
type Cell struct {
	High     design.Effect
	Poisoned int
	N        int
}

// Wanted returns the games to play, those already played included. What it returns grows with the trials and
// never loses a play. The error is that of Progress.Models, or wraps ErrSpec for a budget that is too small.
func (s *Spec) Wanted(p Progress) (*Plan, error) {
	d, err := s.Design()
	if err != nil {
		return nil, err
	}
	w := &wanting{spec: s, progress: p, games: newPlayed(p.Trials), plan: &Plan{Design: d}, models: map[string]bool{}}
	mandatory := slices.Concat(s.primaryPlays(), s.screeningPlays(d, 0, s.Screening.Looks[0]), s.sharesPlays())
	if err := w.mustAfford(mandatory); err != nil {
		return nil, err
	}
	if err := w.screening(); err != nil {
		return nil, err
	}
	return w.plan, nil
}

// wanting collects the plays of a plan.
type wanting struct {
	spec     *Spec
	progress Progress
	games    played
	plan     *Plan
	models   map[string]bool // that the plays train
	reserved int             // models of the first seeds of the phase diagram that are not among the plays yet
}

// mustAfford adds the plays without which there is no audit, and reserves the first seeds of the phase diagram.
func (w *wanting) mustAfford(plays []Play) error {
	w.plan.Plays = append(w.plan.Plays, plays...)
	most := w.spec.Budget.Models
	if most == 0 {
		return nil
	}
	if err := w.count(plays); err != nil {
		return err
	}
	if w.spec.Phase != nil {
		first := w.spec.phasePlays(w.spec.guessedPair())
		more, err := w.newModels(first)
		if err != nil {
			return err
		}
		w.reserved = len(more)
	}
	if need := len(w.models) + w.reserved; need > most {
		return fmt.Errorf("%w: budget.models = %d: the smallest design trains %d models (%d before the phase diagram, %d in it): set that many, or fewer factors, seeds or numbers of images",
			ErrSpec, most, need, len(w.models), w.reserved)
	}
	return nil
}

// newModels returns the models of plays that are not counted yet.
func (w *wanting) newModels(plays []Play) (map[string]bool, error) {
	more := map[string]bool{}
	for _, play := range plays {
		names, err := w.progress.Models(play)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !w.models[name] {
				more[name] = true
			}
		}
	}
	return more, nil
}

// count counts the models of plays.
func (w *wanting) count(plays []Play) error {
	more, err := w.newModels(plays)
	for name := range more {
		w.models[name] = true
	}
	return err
}

// afford adds plays if the budget has room for all of them, and reports whether it has.
func (w *wanting) afford(plays []Play) (bool, error) {
	b := w.spec.Budget
	if b.Hours > 0 && w.progress.Hours >= b.Hours && !w.games.all(plays) {
		w.plan.Budget = true
		return false, nil
	}
	if b.Models > 0 {
		more, err := w.newModels(plays)
		if err != nil {
			return false, err
		}
		if len(w.models)+w.reserved+len(more) > b.Models {
			w.plan.Budget = true
			return false, nil
		}
		for name := range more {
			w.models[name] = true
		}
	}
	w.plan.Plays = append(w.plan.Plays, plays...)
	return true, nil
}

// screening adds what follows the first look of the screening: fold-over, further looks, phase diagram.
func (w *wanting) screening() error {
	if !w.games.all(w.plan.Plays) {
		return nil
	}
	s := w.spec
	seeds := s.Screening.Looks[0]
	if s.Screening.FoldOver {
		if fold := s.foldOver(w.plan.Design, w.games, seeds); fold != 0 {
			folded := w.plan.Design.Fold(fold)
			more := s.screeningPlays(folded, w.plan.Design.Runs(), seeds)
			ok, err := w.afford(more)
			if err != nil {
				return err
			}
			if ok {
				w.plan.Design = folded
			}
			if !w.games.all(more) && ok {
				return nil
			}
		}
	}
	for _, look := range s.Screening.Looks[1:] {
		if !s.undecidedEffect(w.plan.Design, w.games, seeds) {
			break
		}
		more := slices.DeleteFunc(s.screeningPlays(w.plan.Design, 0, look), func(p Play) bool { return p.Seed < s.FirstSeed+uint64(seeds) })
		ok, err := w.afford(more)
		if err != nil || ok && !w.games.all(more) {
			return err
		}
		if !ok {
			break
		}
		seeds = look
	}
	if s.Phase == nil {
		w.plan.Ended = true
		return nil
	}
	return w.phase(seeds)
}

// phase adds the phase diagram: its first seeds, then more where the share of successes is undecided.
func (w *wanting) phase(seeds int) error {
	s := w.spec
	w.plan.Pair = s.pair(w.plan.Design, w.games, seeds)
	first := s.phasePlays(w.plan.Pair)
	w.plan.Plays = append(w.plan.Plays, first...)
	w.reserved = 0
	if s.Budget.Models > 0 {
		if err := w.count(first); err != nil {
			return err
		}
	}
	if !w.games.all(first) {
		return nil
	}
	w.plan.Ended = true
	// All cells take a step before any takes the next, so that the budget goes to the same plays in every round.
	open := s.cellsByDoubt(w.plan.Pair, w.games)
	for have := s.Phase.First; have < s.Phase.Most && len(open) > 0; have = min(have+s.Phase.Step, s.Phase.Most) {
		var err error
		if open, err = w.step(open, have, min(have+s.Phase.Step, s.Phase.Most)); err != nil {
			return err
		}
	}
	return nil
}

// step adds the plays of further seeds, up to a number, to those of the cells that are undecided, and returns the
// cells that have been played on them.
func (w *wanting) step(open []Cell, have, to int) ([]Cell, error) {
	var played []Cell
	for _, c := range open {
		if !w.spec.undecided(w.games, c, have) {
			continue
		}
		more := w.spec.cellPlays(c, have, to)
		ok, err := w.afford(more)
		switch {
		case err != nil:
			return nil, err
		case !ok:
		case w.games.all(more):
			played = append(played, c)
		default:
			w.plan.Ended = false
		}
	}
	return played, nil
}

// primaryPlays returns the plays of the primary reading.
func (s *Spec) primaryPlays() []Play {
	var plays []Play
	for i := range s.Primary.Seeds {
		plays = append(plays, Play{Condition{Stage: StagePrimary, High: s.PrimaryLevels()}, s.FirstSeed + uint64(i), s.Primary.Counts})
	}
	return plays
}

// screeningPlays returns the plays of a design's runs from one on, seed by seed.
func (s *Spec) screeningPlays(d design.Design, from, seeds int) []Play {
	var plays []Play
	for i := range seeds {
		for run := from; run < d.Runs(); run++ {
			plays = append(plays, Play{Condition{Stage: StageScreening, High: levelsOf(d, run)}, s.FirstSeed + uint64(i), s.Screening.Counts})
		}
	}
	return plays
}

// levelsOf returns the factors that have their high level in a run.
func levelsOf(d design.Design, run int) design.Effect {
	var high design.Effect
	for f := range d.Factors {
		if d.High(run, f) {
			high |= design.Main(f)
		}
	}
	return high
}

// cells returns the cells of the phase diagram: the combinations of a pair of factors, then k, then N.
func (s *Spec) cells(pair []int) []Cell {
	var cells []Cell
	base := s.PrimaryLevels() &^ (design.Main(pair[0]) | design.Main(pair[1]))
	for _, high := range []design.Effect{0, design.Main(pair[0]), design.Main(pair[1]), design.Main(pair[0]) | design.Main(pair[1])} {
		for _, k := range s.Phase.Poisoned {
			for _, n := range s.Phase.Counts {
				cells = append(cells, Cell{base | high, k, n})
			}
		}
	}
	return cells
}

// phasePlays returns the plays of the first seeds of the phase diagram, seed by seed, so that a whole diagram
// comes early.
func (s *Spec) phasePlays(pair []int) []Play {
	var plays []Play
	for i := range s.Phase.First {
		for _, c := range s.cells(pair) {
			plays = append(plays, s.cellPlays(c, i, i+1)...)
		}
	}
	return plays
}

// cellPlays returns the plays of a cell's seeds from one number to another.
func (s *Spec) cellPlays(c Cell, from, to int) []Play {
	var plays []Play
	for i := from; i < to; i++ {
		plays = append(plays, Play{Condition{Stage: StagePhase, High: c.High, Poisoned: c.Poisoned}, s.FirstSeed + uint64(i), []int{c.N}})
	}
	return plays
}

// guessedPair returns the pair of the phase diagram, or the first two factors that it may be where the screening
// decides.
func (s *Spec) guessedPair() []int {
	if s.Phase != nil && len(s.Phase.Pair) == 2 {
		return []int{s.factor(s.Phase.Pair[0]), s.factor(s.Phase.Pair[1])}
	}
	var pair []int
	for i, f := range s.Factors {
		if len(pair) < 2 && !f.setsImages() {
			pair = append(pair, i)
		}
	}
	if len(pair) < 2 {
		return []int{0, 1}
	}
	return pair
}

// Smallest returns the plays without which there is no audit: those of the primary reading, of the first look of
// the screening, of the law of shares, and of the first seeds of the phase diagram. Where the screening chooses the pair of the diagram,
// the first two that it may choose stand for it.
func (s *Spec) Smallest() ([]Play, error) {
	d, err := s.Design()
	if err != nil {
		return nil, err
	}
	plays := slices.Concat(s.primaryPlays(), s.screeningPlays(d, 0, s.Screening.Looks[0]), s.sharesPlays())
	if s.Phase != nil {
		plays = append(plays, s.phasePlays(s.guessedPair())...)
	}
	return plays, nil
}

// cellsByDoubt returns the cells whose share of successes is nearest to one half first.
func (s *Spec) cellsByDoubt(pair []int, games played) []Cell {
	cells := s.cells(pair)
	slices.SortStableFunc(cells, func(a, b Cell) int {
		return cmp.Compare(s.doubt(games, a), s.doubt(games, b))
	})
	return cells
}
