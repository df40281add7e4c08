package summary

import (
	"fmt"
	"slices"

	"backfire/defenses/detect"
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/stats"
)

// The guesses that bound every estimator.
const (
	GuessRandom  = "random"  // a uniformly random agent, in expectation: all agents' answers count alike
	GuessPerfect = "perfect" // the agent itself; for the defender's own queries all answers count alike
)

// UnknownIndex is the outcome of queries without an index, for one similarity, form of
// query and update.
type UnknownIndex struct {
	Similarity string          `json:"similarity"` // a method of package detect, GuessRandom or GuessPerfect
	Query      indexing.Form   `json:"query"`
	Update     indexing.Update `json:"update"`
	// TopOne is the share of right guesses, over the attackers' query images with
	// triggers.
	TopOne game.Rate `json:"top_one"`
	// CleanAccuracy is over the defender's query images, the others over the attackers,
	// each over its own query images.
	CleanAccuracy game.Rate     `json:"clean_accuracy"`
	ASR           stats.Summary `json:"asr"`
	Robustness    stats.Summary `json:"robustness"`
	// Cost is the training cost of the models: that of all agents' images, which
	// guesses, and those that answer; with Unlearn including the gradient steps for
	// every agent.
	Cost indexing.Cost `json:"cost"`

	attackers []game.Success
}

// anyAgent is the guess that stands for each agent once.
const anyAgent = -2

// answers holds the models of an update, as their predictions for all probes.
type answers struct {
	update    indexing.Update
	predicted [][]uint8 // by the guessed agent of a query
	models    [][]uint8 // each once
	cost      indexing.Cost
	collapsed bool
}

// unknown fills the result of a game whose defender is queried without an index.
func (j joiner) unknown(row *GameResult, defender plan.PlannedDefender, models []*store.Result) error {
	record, err := j.results.Store.Read(defender.Models[plan.AttributionModel])
	if err != nil {
		return err
	}
	all, err := record.AttributedProbes()
	if err != nil {
		return err
	}
	sets, err := j.updates(record, defender, models)
	if err != nil {
		return err
	}
	own := defender.Unknown
	if !slices.Contains(similarities(all), string(own.Similarity)) {
		return fmt.Errorf("summary: %.12s was stored by a version without similarity %s: remove its directory and repeat the run",
			defender.Models[plan.AttributionModel], own.Similarity)
	}
	for _, set := range sets {
		for _, form := range indexing.Forms() {
			for _, similarity := range similarities(all) {
				u := set.judge(record.Cell, all, form, similarity)
				row.Unknown = append(row.Unknown, u)
				if set.update != own.Update || form != own.Query || similarity != string(own.Similarity) {
					continue
				}
				row.CleanAccuracy, row.Cost, row.Collapsed = u.CleanAccuracy, u.Cost, set.collapsed
				for position, reached := range u.attackers {
					a := record.Result.Attackers[position]
					a.ASR, a.BaseRate, a.Robustness, a.Lift = reached.ASR, reached.BaseRate, reached.Robustness, reached.Lift
					a.Randomness = nil // of the model that guesses, not of those that answer
					if err := j.attacker(row, a, record.Result.Cell); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// similarities lists the estimators by which queries were guessed, from random to perfect. Results of earlier
// versions have the first methods only.
func similarities(all []store.AttributedProbe) []string {
	names := []string{GuessRandom}
	methods := detect.Methods()
	if len(all) > 0 {
		methods = methods[:len(all[0].Guesses[indexing.Image])]
	}
	for _, method := range methods {
		names = append(names, string(method))
	}
	return append(names, GuessPerfect)
}

// updates returns the answers of each update for which the game has models: the
// defender's own, those of the other defenders with the same defenses and an index, and
// those of unlearning.
func (j joiner) updates(attribution *store.Record, defender plan.PlannedDefender, models []*store.Result) ([]answers, error) {
	asked := models[:plan.AttributionModel+1]
	unlearned, err := attribution.UnlearnedPredictions()
	if err != nil {
		return nil, err
	}
	cost, err := j.cost(defender.Models[:plan.AttributionModel+1], asked)
	if err != nil {
		return nil, err
	}
	cost.Models = 1 // attribution trains nothing beyond the base
	sets := []answers{{update: indexing.Unlearn, predicted: unlearned, models: unlearned, cost: cost, collapsed: asked[0].Collapsed}}
	sets[0].cost.Images += int64(len(unlearned)) * attribution.Cell.UnlearnedImages()
	for _, neighbour := range append([]plan.PlannedDefender{defender}, j.planned.Defenders...) {
		update, ok := j.updateOf(neighbour, attribution.Cell)
		if !ok || slices.ContainsFunc(sets, func(s answers) bool { return s.update == update }) {
			continue
		}
		set, err := j.answers(neighbour, asked[0].Collapsed)
		if err != nil {
			return nil, err
		}
		if set == nil {
			continue
		}
		set.update = update
		set.cost.Models, set.cost.Images = set.cost.Models+cost.Models, set.cost.Images+cost.Images
		sets = append(sets, *set)
	}
	slices.SortFunc(sets, func(a, b answers) int {
		return slices.Index(indexing.Updates(), a.update) - slices.Index(indexing.Updates(), b.update)
	})
	return sets, nil
}

// updateOf returns the update that a defender's models serve, and whether they serve
// any: models with the same defenses as the attribution's, each without one agent or
// each without several, for every agent.
func (j joiner) updateOf(defender plan.PlannedDefender, attribution cell.Cell) (indexing.Update, bool) {
	update := indexing.Retrain
	if len(defender.Answers) < attribution.Game.SeatCount() {
		return "", false
	}
	for _, answer := range defender.Answers {
		c, _ := j.plan.Cell(defender.Models[answer])
		if c.Defense == nil || len(c.Defense.Excluded) == 0 || len(c.Defense.Slices) > 0 || cell.StackText(c.DefenseStack()) != cell.StackText(attribution.DefenseStack()) {
			return "", false
		}
		if len(c.Defense.Excluded) > 1 {
			update = indexing.Pick
		}
	}
	return update, true
}

// answers reads the predictions of a defender's models; nil while one is not stored.
func (j joiner) answers(defender plan.PlannedDefender, collapsed bool) (*answers, error) {
	set := &answers{collapsed: collapsed}
	var hashes []string
	for _, answer := range defender.Answers {
		if hash := defender.Models[answer]; !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	var results []*store.Result
	for _, hash := range hashes {
		result, err := j.results.Read(hash)
		if result == nil || err != nil {
			return nil, err
		}
		predicted, err := (&store.Record{Dir: j.results.Store.Path(hash)}).Predictions()
		if err != nil {
			return nil, err
		}
		set.models, results = append(set.models, predicted), append(results, result)
		set.collapsed = set.collapsed || result.Collapsed
	}
	for _, answer := range defender.Answers {
		set.predicted = append(set.predicted, set.models[slices.Index(hashes, defender.Models[answer])])
	}
	var err error
	set.cost, err = j.cost(hashes, results)
	return set, err
}

// judge answers all queries of a form by the guesses of a similarity.
func (s answers) judge(cell cell.Cell, all []store.AttributedProbe, form indexing.Form, similarity string) UnknownIndex {
	u := UnknownIndex{Similarity: similarity, Query: form, Update: s.update, Cost: s.cost}
	method := slices.Index(detect.Methods(), detect.Method(similarity))
	var list []game.Probe
	var predicted []uint8
	for _, q := range worker.GroupProbes(all, form) {
		for _, i := range q.Probes {
			a := all[i]
			guess, answering := a.Probe.Owner, s.models
			switch {
			case similarity == GuessRandom:
				guess, answering = anyAgent, s.predicted
			case similarity != GuessPerfect:
				guess = a.Guesses[form][method]
			}
			if guess >= 0 {
				answering = s.predicted[guess : guess+1]
			}
			if a.Probe.Trigger != game.NoTrigger {
				u.TopOne.Of += len(answering)
				if guess == a.Probe.Owner || guess == anyAgent {
					u.TopOne.Hits++
				}
			}
			for _, model := range answering {
				list, predicted = append(list, a.Probe), append(predicted, model[a.Position])
			}
		}
	}
	m := cell.Game.Measure(len(cell.Data.Classes), list, predicted)
	u.CleanAccuracy, u.attackers = m.Clean, m.Attackers
	u.ASR = stats.Over(m.Attackers, func(a game.Success) float64 { return a.ASR.Value() })
	u.Robustness = stats.Over(m.Attackers, func(a game.Success) float64 { return a.Robustness.Value() })
	return u
}
