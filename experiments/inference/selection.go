package inference

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
)

// Selection names a stored run, and in it a game and the defender that answers. An
// empty field other than Run selects the only value that the run has.
type Selection struct {
	Run       string // hash of a summary or result, or the beginning of one
	Point     string // of a sweep, by its name
	Seed      string // of a sweep's point
	Attackers int    // of the game; 0: not given
	// Defender is a defender as the configuration names it. Empty selects the only
	// defender beside the game without a defense, or that game if it is alone.
	Defender string
	// Guess leaves defenders out of the choice that have no use for a guessed agent.
	Guess bool
}

// Defender is a defender of a stored game, with the models that answer for it.
type Defender struct {
	Models  *summary.ModelSet
	Game    cell.Cell // of any of the models: all play the same game
	Single  bool      // a single result was selected, not a defender of a game
	Command string    // that stored the run; empty: not known
}

// IncompleteError reports a run that lacks models of the selected defender.
type IncompleteError struct {
	Command string // that would complete the run; empty: not known
	Err     error  // wraps [store.ErrNotStored]
}

// Error returns the fault and the model that is missing.
func (e *IncompleteError) Error() string {
	return fmt.Sprintf("inference: select a defender: the run is not complete: %v", e.Err)
}

// Unwrap returns the error about the model.
func (e *IncompleteError) Unwrap() error { return e.Err }

// Select finds the run of a selection, and in it the game and the defender. The
// error is a [*RequestError] where the selection does not name exactly one, and an
// [*IncompleteError] where one of the defender's models is not stored.
func Select(st *store.Store, s Selection) (*Defender, error) {
	if s.Run == "" {
		return nil, refuse(FieldRun, "", "give the hash of a run or result, or its beginning")
	}
	paths, err := st.Summaries(s.Run)
	if err != nil && !errors.Is(err, store.ErrNoSummary) {
		return nil, err
	}
	hash, err := st.Find(s.Run)
	if err != nil && !errors.Is(err, store.ErrNotStored) && !errors.Is(err, store.ErrAmbiguous) {
		return nil, err
	}
	switch {
	case errors.Is(err, store.ErrAmbiguous) || len(paths) > 1 || len(paths) == 1 && err == nil:
		return nil, refuse(FieldRun, s.Run, "several runs and results of %s begin so: give more of the hash", st.Dir())
	case len(paths) == 1:
		return selectGame(st, paths[0], s)
	case err != nil:
		return nil, refuse(FieldRun, s.Run, "neither a run nor a result of %s begins so", st.Dir())
	default:
		return selectResult(st, hash, s)
	}
}

// selectResult selects one stored model.
func selectResult(st *store.Store, hash string, s Selection) (*Defender, error) {
	record, err := st.Glance(hash)
	if err != nil {
		return nil, err
	}
	if s.Point != "" || s.Seed != "" || s.Attackers > 0 || s.Defender != "" {
		return nil, refuse(FieldRun, s.Run, "it is one model (%s): point, seed, attackers and defender choose among those of a run", record.Cell.Title())
	}
	name := plan.Undefended
	if record.Cell.Defense != nil {
		name = record.Cell.Defense.String()
	}
	models, err := summary.NewModelSet(st, summary.GameResult{Defender: name, Models: []string{hash}}, "")
	if err != nil {
		return nil, err
	}
	command, err := commandOf(st, hash)
	if err != nil {
		return nil, err
	}
	return &Defender{Models: models, Game: record.Cell, Single: true, Command: command}, nil
}

// commandOf returns the command of a stored run that a result belongs to; empty if
// there is none.
func commandOf(st *store.Store, hash string) (string, error) {
	paths, err := st.Summaries("")
	if errors.Is(err, store.ErrNoSummary) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, path := range paths {
		run, err := summary.Load(path)
		if err != nil {
			return "", err
		}
		for _, point := range run.Points {
			for _, game := range point.Games {
				if slices.Contains(game.Models, hash) && run.Origin != nil {
					return run.Origin.Command, nil
				}
			}
		}
	}
	return "", nil
}

// candidate is a game of a stored summary with one defender.
type candidate struct {
	point summary.PointSummary
	game  summary.GameResult
}

// name returns the candidate's defender.
func (c candidate) name() string { return c.game.Defender }

// usesGuess reports whether the defender has models that leave agents out, or
// unlearns agents.
func (c candidate) usesGuess() bool {
	return len(c.game.Unknown) > 0 || slices.ContainsFunc(c.game.Attackers, func(a summary.GameAttacker) bool { return a.Model != c.game.Models[0] })
}

// selectGame selects a game of a summary and its defender.
func selectGame(st *store.Store, path string, s Selection) (*Defender, error) {
	run, err := summary.Load(path)
	if err != nil {
		return nil, err
	}
	games, err := selectGames(run, s)
	if err != nil {
		return nil, err
	}
	selected, err := selectDefender(games, s)
	if err != nil {
		return nil, err
	}
	d := &Defender{}
	if run.Origin != nil {
		d.Command = run.Origin.Command
	}
	twin := ""
	if i := slices.IndexFunc(games, func(c candidate) bool { return c.name() == plan.Undefended }); i >= 0 {
		twin = games[i].game.Cell
	}
	d.Models, err = summary.NewModelSet(st, selected, twin)
	if errors.Is(err, store.ErrNotStored) {
		return nil, &IncompleteError{Command: d.Command, Err: err}
	}
	if err != nil {
		return nil, err
	}
	d.Game = d.Models.Models[0].Cell
	return d, nil
}

// selectGames returns the candidates of one game, one for each defender.
func selectGames(run *summary.Summary, s Selection) ([]candidate, error) {
	var all []candidate
	for _, point := range run.Points {
		for _, game := range point.Games {
			all = append(all, candidate{point, game.GameResult})
		}
	}
	if len(all) == 0 {
		return nil, refuse(FieldRun, s.Run, "it has no games")
	}
	attackers := ""
	if s.Attackers != 0 {
		attackers = strconv.Itoa(s.Attackers)
	}
	for _, axis := range []struct {
		field, value string
		of           func(candidate) string
	}{
		{FieldPoint, s.Point, func(c candidate) string { return c.point.Name }},
		{FieldSeed, s.Seed, func(c candidate) string { return strconv.FormatUint(c.point.Seed, 10) }},
		{FieldAttackers, attackers, func(c candidate) string { return strconv.Itoa(c.game.N) }},
	} {
		var err error
		if all, err = narrow(all, axis.field, axis.value, axis.of); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// selectDefender returns the game with the selected defender.
func selectDefender(games []candidate, s Selection) (summary.GameResult, error) {
	name := s.Defender
	if name == "" {
		offered := distinct(games, candidate.name)
		defended := slices.DeleteFunc(slices.Clone(offered), func(name string) bool { return name == plan.Undefended })
		if s.Guess && len(defended) > 1 {
			defended = slices.DeleteFunc(defended, func(name string) bool {
				return !slices.ContainsFunc(games, func(c candidate) bool { return c.name() == name && c.usesGuess() })
			})
			offered = defended
		}
		if len(defended) > 1 {
			return summary.GameResult{}, refuse(FieldDefender, "", "the run has several: choose one of %s", strings.Join(offered, ", "))
		}
		if name = plan.Undefended; len(defended) > 0 {
			name = defended[0]
		}
	}
	selected, err := narrow(games, FieldDefender, name, candidate.name)
	if err != nil {
		return summary.GameResult{}, err
	}
	return selected[0].game, nil
}

// distinct returns the values of the candidates, each once.
func distinct(all []candidate, of func(candidate) string) []string {
	var list []string
	for _, c := range all {
		if value := of(c); !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list
}

// narrow returns the candidates that have a value; an empty value stands for the
// only one that there is.
func narrow(all []candidate, field, value string, of func(candidate) string) ([]candidate, error) {
	offered := distinct(all, of)
	switch {
	case value == "" && len(offered) == 1:
		return all, nil
	case value == "":
		return nil, refuse(field, "", "the run has several: choose one of %s", strings.Join(offered, "; "))
	case !slices.Contains(offered, value):
		return nil, refuse(field, value, "the run has only %s", strings.Join(offered, "; "))
	}
	return slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return of(c) != value }), nil
}
