package summary

import (
	"slices"

	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/defenses/repair"
	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/plan"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/stats"
)

// GameResult is the result of one game with one defender.
type GameResult struct {
	N        int    `json:"n"`        // attackers
	Defender string `json:"defender"` // plan.Undefended, or its defenses
	Cell     string `json:"cell"`     // the first of Models
	// Models are the hashes of the defender's models, each the name of its directory in
	// the store.
	Models []string `json:"models"`
	// Complete reports whether all of them are stored and the triggers of the game are
	// decided. If not, the fields below are empty.
	Complete bool `json:"complete"`
	// CleanAccuracy is the mean over the models that answer an attacker, which are
	// all measured on the same images: its hits and images are their sums.
	CleanAccuracy game.Rate `json:"clean_accuracy"`
	// Collapsed reports whether one of these models predicts no better than chance, so
	// that its ASRs mean nothing.
	Collapsed  bool          `json:"collapsed"`
	ASR        stats.Summary `json:"asr"`
	BaseRate   stats.Summary `json:"base_rate"`
	Lift       stats.Summary `json:"lift"`
	Robustness stats.Summary `json:"robustness"`
	// Cost is the training cost of the models, in images through the training step over
	// all epochs; epochs that several of them share count once. Undefended is the cost
	// of the same game without a defense; 0 if that is not stored. Images is 0 where a
	// program of the user's answers: how it trains, if at all, is not known.
	Cost indexing.Cost `json:"cost"`
	// TrainSeconds is the total time of the epochs behind Cost, each on the machine that
	// trained it and beside its other load, and of a program that answers in place of a
	// model; 0: not known.
	TrainSeconds float64 `json:"train_seconds,omitempty"`
	// EpochsTrained are the epochs that each of Models was trained for, where
	// train.stop_when may have ended a training early; otherwise empty.
	EpochsTrained []int `json:"epochs_trained,omitempty"`
	// Difference compares the game with the same game without a defense, on the same
	// deal; nil for that game itself, and where it is not stored.
	Difference *Difference `json:"difference,omitempty"`
	// HonestControl is the control of agent indexing, of its models that leave out an honest contributor
	// (indexing.honest); nil if there are none.
	HonestControl *HonestControl `json:"honest_control,omitempty"`
	Attackers     []GameAttacker `json:"attackers"`
	// Values tells what the removal of each agent's images does to the defender; nil unless models leave agents out.
	Values *Values `json:"values,omitempty"`
	// Filter counts what the defender's filter removed, Repair what its repair did; nil without one, and where
	// several models answer.
	Filter *removed.Counts `json:"filter,omitempty"`
	Repair *repair.Outcome `json:"repair,omitempty"`
	// SharedPixels is the number of held-out images with the pixels of a contributed one.
	SharedPixels int `json:"shared_pixels,omitempty"`
	// Repeats is that of the first of Models; nil where it was not counted.
	Repeats *game.Repeats `json:"repeats,omitempty"`
	// Unknown compares the ways to answer queries without an index for which the game
	// has models; empty for a defender that knows the index.
	Unknown []UnknownIndex `json:"unknown,omitempty"`
	// Vote is the outcome of a vote over agents; nil for a defender without one. CleanAccuracy and the rates of
	// Attackers are then those of the vote.
	Vote *Vote `json:"vote,omitempty"`
	// Curve is the learning curve of the models that answer, joined as CleanAccuracy and
	// Attackers are; empty where one of them has none, for queries without an index, and for votes.
	Curve []curve.Point `json:"curve,omitempty"`

	overlaps []game.PairOverlap
}

// Difference is the change that a defender makes: its shares minus those of the same
// game without a defense, each in [-1, 1].
type Difference struct {
	ASR           stats.Number `json:"asr"` // of the means over the attackers
	CleanAccuracy stats.Number `json:"clean_accuracy"`
}

// differenceTo returns the change from the same game without a defense.
func (r *GameResult) differenceTo(twin *GameResult) *Difference {
	return &Difference{
		ASR:           r.ASR.Mean - twin.ASR.Mean,
		CleanAccuracy: stats.Number(r.CleanAccuracy.Value() - twin.CleanAccuracy.Value()),
	}
}

// GameAttacker is one attacker of a game, beside the game in which it is alone.
type GameAttacker struct {
	// AttackerResult is from the model that answers the attacker's queries; its rates are those of the vote where
	// models vote.
	store.AttackerResult
	// Model is the hash of that model; without an index, that of the cell that guesses
	// the attackers of queries; with a vote, that of the model of the attacker's group.
	Model string `json:"model"`
	// SingleASR is the ASR of the same attacker with the same trigger in its matched single game, where it is alone
	// with the images that it has in this game, without a defense; nil if that game is not planned or not stored.
	// Earlier versions compared with the game in which it is alone with all images.
	SingleASR *game.Rate `json:"single_asr"`
	// SingleLift is its lift there; nil also where it is over no images, and in summaries of earlier versions.
	SingleLift *stats.Number `json:"single_lift,omitempty"`
	// SingleCell is the hash of that game; empty if it is not planned.
	SingleCell string `json:"single_cell,omitempty"`
	// Lone is the game in which the attacker is alone with all images; nil unless there are as many seats as
	// attackers.
	Lone *Comparison `json:"lone,omitempty"`
	// Transfer is the game in which the attacker poisons nothing and the others play on: what its trigger does to a
	// model that never saw it. It is nil if that game is not planned.
	Transfer *Comparison `json:"transfer,omitempty"`
	// Interference is Lift - SingleLift, in [-2, 2]: below 0, the other attackers spoil this one's success, which is
	// backfiring; a game that is its own matched single has none. Dilution is SingleLift minus the lift in the lone game. Both are of undefended games only.
	Interference *stats.Number `json:"interference,omitempty"`
	Dilution     *stats.Number `json:"dilution,omitempty"`
	// Success reports whether Lift is at least SuccessLift.
	Success *bool `json:"success,omitempty"`
	// ShareLaw is the ASR that the law of shares predicts for an undefended game: SingleASR times the share of all
	// poisoned images that carry the attacker's target label.
	ShareLaw *stats.Number `json:"share_law,omitempty"`
	// Divergence is the distance of the attacker's images of its target class from all
	// agents' images of it, by the same model; nil where it was not measured
	// (artefacts.divergence), or the model never saw them.
	Divergence *store.AttackerDivergence `json:"divergence,omitempty"`
	// Detection is the share of the attacker's poisoned images that each filter finds by the features of the same
	// model, by the filter's name; nil where it was not measured (artefacts.detection).
	Detection map[string]game.Rate `json:"detection,omitempty"`
	// Candidates are the triggers that the attacker drew until one was kept; nil if
	// triggers are not verified. Where the sweep verifies triggers in other single games
	// than the point's own, SingleCell is not among their cells.
	Candidates []plan.Candidate `json:"draws,omitempty"`
}

// newGameResults joins the results of a game: without a defense first, then with each
// defender of the plan.
func newGameResults(plan *plan.Plan, planned plan.PlannedGame, results *plan.CachedReader) ([]GameResult, error) {
	cell, _ := plan.Cell(planned.Cell)
	j := joiner{plan, planned, results}
	twin, err := j.join(planned.Undefended(len(cell.Game.Attackers)))
	if err != nil {
		return nil, err
	}
	twin.Cost.Undefended = twin.Cost.Images
	rows := []GameResult{twin}
	for _, defender := range planned.Defenders {
		row, err := j.join(defender)
		if err != nil {
			return nil, err
		}
		if row.Complete && twin.Complete {
			row.Cost.Undefended = twin.Cost.Images
			for i := range row.Unknown {
				row.Unknown[i].Cost.Undefended = twin.Cost.Images
			}
			row.Difference = row.differenceTo(&twin)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// joiner joins stored results into the results of a planned game.
type joiner struct {
	plan    *plan.Plan
	planned plan.PlannedGame
	results *plan.CachedReader
}

// attackers returns the number of attackers of the game.
func (j joiner) attackers() int {
	cell, _ := j.plan.Cell(j.planned.Cell)
	return len(cell.Game.Attackers)
}

// join joins the results of one defender's models.
func (j joiner) join(defender plan.PlannedDefender) (GameResult, error) {
	row := GameResult{
		N: j.attackers(), Defender: defender.Name, Cell: defender.Models[0], Models: defender.Models,
		Complete: !j.planned.Waits, Attackers: []GameAttacker{},
	}
	models := make([]*store.Result, len(defender.Models))
	for i, hash := range defender.Models {
		var err error
		if models[i], err = j.results.Read(hash); err != nil {
			return GameResult{}, err
		}
		row.Complete = row.Complete && models[i] != nil
	}
	if row.Complete {
		if err := j.fill(&row, models, defender); err != nil {
			return GameResult{}, err
		}
	}
	if row.Complete {
		var err error
		if row.TrainSeconds, err = j.trainSeconds(row.Models); err != nil {
			return GameResult{}, err
		}
	}
	row.Compare()
	row.Summarize()
	return row, nil
}

// fill fills a game's result from those of all models.
func (j joiner) fill(row *GameResult, models []*store.Result, defender plan.PlannedDefender) error {
	if err := j.overlaps(row); err != nil {
		return err
	}
	row.SharedPixels, row.Repeats = models[0].Provenance.SharedPixels, models[0].Provenance.Repeats
	for _, result := range models {
		if result.EpochsTrained > 0 {
			row.EpochsTrained = append(row.EpochsTrained, result.EpochsTrained)
		}
	}
	var err error
	if row.Values, err = j.values(models, defender); err != nil {
		return err
	}
	if defender.Unknown != nil {
		return j.unknown(row, defender, models)
	}
	if defender.Vote != nil {
		return j.vote(row, defender, models)
	}
	answers := defender.Answers[:row.N] // those of the honest contributors follow
	row.HonestControl = j.honestControl(models, defender)
	if first := models[answers[0]]; !slices.ContainsFunc(answers, func(at int) bool { return at != answers[0] }) {
		row.Filter, row.Repair = first.Filter, first.Repair
	}
	if row.Cost, err = j.cost(row.Models, models); err != nil {
		return err
	}
	for i, result := range models {
		if !slices.Contains(answers, i) {
			continue
		}
		row.CleanAccuracy.Hits += result.CleanAccuracy.Hits
		row.CleanAccuracy.Of += result.CleanAccuracy.Of
		row.Collapsed = row.Collapsed || result.Collapsed
	}
	if row.Curve, err = j.curve(row.Models, answers, row.N); err != nil {
		return err
	}
	for position, answer := range answers {
		if err := j.attacker(row, models[answer].Attackers[position], row.Models[answer]); err != nil {
			return err
		}
	}
	return nil
}

// overlaps reads the overlaps of the triggers of a game, which all its models have.
func (j joiner) overlaps(row *GameResult) error {
	record, err := j.results.Record(row.Models[0])
	if err != nil {
		return err
	}
	result, err := record.WithPairs()
	if err != nil {
		return err
	}
	row.overlaps = result.Overlaps
	return nil
}

// attacker adds an attacker to a game's result, with the figures of the model with the
// given hash, beside its single ASR.
func (j joiner) attacker(row *GameResult, result store.AttackerResult, hash string) error {
	divergence, err := j.results.Divergence(hash, result)
	if err != nil {
		return err
	}
	detection, err := j.results.Detection(hash, result.ID)
	if err != nil {
		return err
	}
	a := GameAttacker{
		AttackerResult: result, Model: hash, Divergence: divergence, Detection: detection,
		SingleCell: j.planned.Singles[result.ID], Candidates: j.plan.Candidates[result.ID],
	}
	single, err := j.comparison(a.SingleCell, result.ID)
	if err != nil {
		return err
	}
	if single != nil {
		a.SingleASR, a.SingleLift = single.ASR, single.Lift
	}
	if a.Lone, err = j.comparison(j.planned.Lone[result.ID], result.ID); err != nil {
		return err
	}
	if row.Defender == plan.Undefended {
		if a.Transfer, err = j.comparison(j.planned.Transfers[result.ID], result.ID); err != nil {
			return err
		}
	}
	row.Attackers = append(row.Attackers, a)
	return nil
}

// isProgram reports whether a program of the user's answers in place of the model of a cell.
func isProgram(c cell.Cell) bool {
	return defenses.Get[defenses.Exec](c.DefenseStack(), defenses.KindExec) != nil
}

// cost returns the training cost of models. Segments that several of them share count
// once. The images of a program's own trainings, if it has any, are not known.
func (j joiner) cost(hashes []string, models []*store.Result) (indexing.Cost, error) {
	cost := indexing.Cost{Models: len(models)}
	counted := map[string]bool{}
	for i, result := range models {
		if result.Repair != nil {
			cost.Images += result.Repair.Images
		}
		cell, _ := j.plan.Cell(hashes[i])
		if isProgram(cell) {
			return indexing.Cost{Models: len(models)}, nil
		}
		if result.Filter != nil {
			cost.Images += cell.RetrainedImages(result.TrainingImages + result.Filter.Precision.Of)
		}
		segments, err := plan.TrainedSegments(cell, result)
		if err != nil {
			return indexing.Cost{}, err
		}
		for _, segment := range segments {
			if !counted[segment.Name] {
				counted[segment.Name] = true
				cost.Images += segment.Images
			}
		}
	}
	return cost, nil
}

// trainSeconds returns the total time of the epochs of models, counted as in cost.
func (j joiner) trainSeconds(hashes []string) (float64, error) {
	seconds, counted := 0.0, map[string]bool{}
	for _, hash := range hashes {
		record, err := j.results.Record(hash)
		if err != nil {
			return 0, err
		}
		segments, err := plan.TrainedSegments(record.Cell, &record.Result)
		if err != nil {
			return 0, err
		}
		epochs, err := record.Metrics()
		if err != nil {
			return 0, err
		}
		if isProgram(record.Cell) {
			seconds += record.Result.Provenance.Seconds[cell.PhaseTrain]
			continue
		}
		seconds += record.Result.Provenance.RepairSeconds + record.Result.Provenance.FilterSeconds
		for _, segment := range segments {
			if counted[segment.Name] {
				continue
			}
			counted[segment.Name] = true
			for _, e := range epochs[min(segment.First, len(epochs)):min(segment.End, len(epochs))] {
				seconds += e.Seconds
			}
		}
	}
	return seconds, nil
}

// EpochsOf returns the number of epochs that one of the models was trained for: that
// of its training, or fewer where that was ended early.
func (r *GameResult) EpochsOf(model string, training cell.Training) int {
	if i := slices.Index(r.Models, model); i >= 0 && i < len(r.EpochsTrained) {
		return r.EpochsTrained[i]
	}
	return training.Epochs
}

// Summarize computes the summaries over the attackers.
func (r *GameResult) Summarize() {
	r.ASR = stats.Over(r.Attackers, func(a GameAttacker) float64 { return a.ASR.Value() })
	r.BaseRate = stats.Over(r.Attackers, func(a GameAttacker) float64 { return a.BaseRate.Value() })
	r.Lift = stats.Over(r.Attackers, func(a GameAttacker) float64 { return float64(a.Lift) })
	r.Robustness = stats.Over(r.Attackers, func(a GameAttacker) float64 { return a.Robustness.Value() })
}
