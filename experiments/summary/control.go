package summary

import (
	"slices"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/stats"
)

// HonestControl holds the results of models that leave out the images of an honest contributor. They are trained on
// as many images as those that leave out an attacker, but on those of all attackers.
type HonestControl struct {
	Models int `json:"models"`
	// ASR and Lift are means over the models, of the means over the attackers; CleanAccuracy holds the sums of hits
	// and images over the models.
	ASR           stats.Number `json:"asr"`
	Lift          stats.Number `json:"lift"`
	CleanAccuracy game.Rate    `json:"clean_accuracy"`
	// Collapsed reports whether one of the models predicts no better than chance.
	Collapsed bool `json:"collapsed"`
}

// honestControl returns the control of a defender with the given results of its models; nil if no model that answers
// an honest contributor saw the images of all attackers.
func (j joiner) honestControl(models []*store.Result, defender plan.PlannedDefender) *HonestControl {
	attackers := j.attackers()
	answers := slices.Clone(defender.Answers[attackers:])
	slices.Sort(answers)
	c := &HonestControl{}
	var asrs, lifts []float64
	for _, answer := range slices.Compact(answers) {
		cell, _ := j.plan.Cell(defender.Models[answer])
		leavesOut := func(id int) bool { return cell.Defense != nil && slices.Contains(cell.Defense.Excluded, id) }
		if slices.ContainsFunc(cell.Game.Attackers, func(a game.Attacker) bool { return leavesOut(a.ID) }) {
			continue
		}
		result := models[answer]
		c.Models++
		asrs, lifts = append(asrs, float64(result.ASR.Mean)), append(lifts, float64(result.Lift.Mean))
		c.CleanAccuracy.Hits += result.CleanAccuracy.Hits
		c.CleanAccuracy.Of += result.CleanAccuracy.Of
		c.Collapsed = c.Collapsed || result.Collapsed
	}
	if c.Models == 0 {
		return nil
	}
	c.ASR, c.Lift = stats.Summarize(asrs).Mean, stats.Summarize(lifts).Mean
	return c
}
