package cli

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"backfire/experiments/cell"
	"backfire/experiments/inference"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
)

// answering is the defender that answers, and how it came about.
type answering struct {
	panel      *summary.ModelSet
	game       cell.Cell // any of the panel's: all play the same game
	single     bool      // one result was named, not a defender of a game
	command    string    // that stored the run; empty: not known
	consultant *inference.Client
}

// remedy says how a model is stored that is not.
func (c *answering) remedy() string {
	const gives = "; the models are trained again, to the same results"
	if c.command == "" {
		return "play it again with --set artefacts.model=true" + gives
	}
	return "store it with\n  " + c.command + " --set artefacts.model=true\n" + gives[2:]
}

// candidate is a game of a stored summary as one defender ended it.
type candidate struct {
	point summary.PointSummary
	row   summary.GameResult
}

// leavesOut says whether the game's defender has models that leave agents out, or
// unlearns them.
func (c candidate) leavesOut() bool { return len(c.row.Models) > 1 || len(c.row.Unknown) > 0 }

// choose finds the run, and in it the game and the defender.
func (o *PredictOptions) choose(st *store.Store) (*answering, error) {
	paths, err := st.Summaries(o.Run)
	if err != nil && !errors.Is(err, store.ErrNoSummary) {
		return nil, err
	}
	hash, err := st.Find(o.Run)
	if err != nil && !errors.Is(err, store.ErrNotStored) && !errors.Is(err, store.ErrAmbiguous) {
		return nil, err
	}
	switch {
	case errors.Is(err, store.ErrAmbiguous) || len(paths) > 1 || len(paths) == 1 && err == nil:
		return nil, Usagef("predict: --run %s: several runs and results of %s begin so: give more of the hash", o.Run, st.Dir())
	case len(paths) == 1:
		return o.chooseGame(st, paths[0])
	case err != nil:
		return nil, Usagef("predict: --run %s: neither a run nor a result of %s begins so", o.Run, st.Dir())
	default:
		return o.chooseResult(st, hash)
	}
}

// chooseResult chooses one stored model.
func (o *PredictOptions) chooseResult(store *store.Store, hash string) (*answering, error) {
	record, err := store.Glance(hash)
	if err != nil {
		return nil, err
	}
	name := defenseOf(record.Cell)
	if o.Point != "" || o.Seed != "" || o.Attackers > 0 || o.Defender != "" {
		return nil, Usagef("predict: --run %s is one model (%s): --point, --seed, --attackers and --defender choose among those of a summary", o.Run, record.Cell.Title())
	}
	panel, err := summary.NewModelSet(store, summary.GameResult{Defender: name, Models: []string{hash}}, "")
	if err != nil {
		return nil, err
	}
	c := &answering{panel: panel, game: record.Cell, single: true}
	c.command, err = commandOf(store, hash)
	return c, err
}

// commandOf finds the command of a stored summary that a result belongs to; empty
// if there is none.
func commandOf(st *store.Store, hash string) (string, error) {
	paths, err := st.Summaries("")
	if errors.Is(err, store.ErrNoSummary) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, path := range paths {
		summary, err := summary.Load(path)
		if err != nil {
			return "", err
		}
		for _, point := range summary.Points {
			for _, game := range point.Games {
				if slices.Contains(game.Models, hash) && summary.Origin != nil {
					return summary.Origin.Command, nil
				}
			}
		}
	}
	return "", nil
}

// chooseGame chooses a game of a summary and a defender of it.
func (o *PredictOptions) chooseGame(st *store.Store, path string) (*answering, error) {
	sum, err := summary.Load(path)
	if err != nil {
		return nil, err
	}
	var all []candidate
	for _, point := range sum.Points {
		for _, game := range point.Games {
			all = append(all, candidate{point, game.GameResult})
		}
	}
	for _, axis := range []struct {
		flag, asked string
		of          func(candidate) string
	}{
		{"point", o.Point, func(c candidate) string { return c.point.Name }},
		{"seed", o.Seed, func(c candidate) string { return strconv.FormatUint(c.point.Seed, 10) }},
		{"attackers", attackersText(o.Attackers), func(c candidate) string { return strconv.Itoa(c.row.N) }},
	} {
		if all, err = narrow(all, axis.flag, axis.asked, axis.of); err != nil {
			return nil, err
		}
	}
	games := all
	defender := func(c candidate) string { return c.row.Defender }
	asked := o.Defender
	if asked == "" {
		defended := slices.DeleteFunc(values(all, defender), func(name string) bool { return name == plan.Undefended })
		choice := values(all, defender)
		if o.Agent == agentUnknown && len(defended) > 1 { // only who leaves agents out has a use for a guess
			defended = slices.DeleteFunc(defended, func(name string) bool {
				return !slices.ContainsFunc(all, func(c candidate) bool { return c.row.Defender == name && c.leavesOut() })
			})
			choice = defended
		}
		if asked = plan.Undefended; len(defended) > 0 {
			asked = defended[0]
		}
		if len(defended) > 1 {
			return nil, Usagef("predict: --run %s has several defenders: choose one with --defender: %s", o.Run, strings.Join(choice, ", "))
		}
	}
	if all, err = narrow(all, "defender", asked, defender); err != nil {
		return nil, err
	}
	row := all[0].row
	c := &answering{}
	if sum.Origin != nil {
		c.command = sum.Origin.Command
	}
	twin := ""
	if i := slices.IndexFunc(games, func(c candidate) bool { return c.row.Defender == plan.Undefended }); i >= 0 {
		twin = games[i].row.Cell
	}
	c.panel, err = summary.NewModelSet(st, row, twin)
	if errors.Is(err, store.ErrNotStored) {
		return nil, fmt.Errorf("predict: the run is not complete: %w: go on with\n  %s --set artefacts.model=true", err, cmp.Or(c.command, "backfire run"))
	}
	if err != nil {
		return nil, err
	}
	c.game = c.panel.Models[0].Cell
	return c, nil
}

func attackersText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// values lists what candidates have, each once.
func values(all []candidate, of func(candidate) string) []string {
	var list []string
	for _, c := range all {
		if value := of(c); !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	return list
}

// narrow keeps the candidates that have what is asked for; empty asks for the only
// one that there is.
func narrow(all []candidate, flag, asked string, of func(candidate) string) ([]candidate, error) {
	there := values(all, of)
	switch {
	case asked == "" && len(there) == 1:
		return all, nil
	case asked == "":
		return nil, Usagef("predict: the run has several: choose one with --%s: %s", flag, strings.Join(there, "; "))
	case !slices.Contains(there, asked):
		return nil, Usagef("predict: --%s %s: the run has only %s", flag, asked, strings.Join(there, "; "))
	}
	var kept []candidate
	for _, c := range all {
		if of(c) == asked {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

// position is the place of the attacker with an ID in the game. The error names the
// flag that asked for it.
func (c *answering) position(flag string, id int) (int, error) {
	var ids []string
	for at, a := range c.game.Game.Attackers {
		if a.ID == id {
			return at, nil
		}
		ids = append(ids, strconv.Itoa(a.ID))
	}
	return 0, Usagef("predict: --%s %d: the attackers of the game are %s", flag, id, strings.Join(ids, ", "))
}

// sampleName names a held-out image by its place in the dataset.
func (c *answering) sampleName(source int) string {
	return c.game.Data.Name + "[" + strconv.Itoa(source) + "]"
}
