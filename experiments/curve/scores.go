package curve

import (
	"backfire/game"
	"backfire/stats"
)

// Scores holds the rates of a model after an epoch, on the images that its learning curve is scored on.
type Scores struct {
	CleanAccuracy game.Rate  `json:"clean_accuracy"` // standard accuracy, on the defender's images
	Attackers     []Attacker `json:"attackers"`      // in the order of the game's attackers
}

// Attacker holds the rates of an attacker after an epoch. All of them are over the same images, ASR with the
// attacker's trigger and the others without. The definitions are those of game.Success.
type Attacker struct {
	ID            int          `json:"id"`
	ASR           game.Rate    `json:"asr"`
	BaseRate      game.Rate    `json:"base_rate"`
	Lift          stats.Number `json:"lift"`
	CleanAccuracy game.Rate    `json:"clean_accuracy"` // standard accuracy on the attacker's images
}

// StandardAccuracy is the name of the standard accuracy in learning curves, of the defender and of an attacker.
const StandardAccuracy = "standard_accuracy"

// Measure is a measure of an attacker that learning curves have.
type Measure struct {
	Name string // in metrics.csv, in the CSV of curves and in TensorBoard
	Of   func(Attacker) float64
}

// Measures lists the measures of an attacker. Every form of a learning curve has those that it lists.
func Measures() []Measure {
	return []Measure{
		{"asr", func(a Attacker) float64 { return a.ASR.Value() }},
		{"base_rate", func(a Attacker) float64 { return a.BaseRate.Value() }},
		{"lift", func(a Attacker) float64 { return float64(a.Lift) }},
		{StandardAccuracy, func(a Attacker) float64 { return a.CleanAccuracy.Value() }},
	}
}

// Mean returns the mean of a measure over the attackers; NaN if it is undefined for all of them.
func (s Scores) Mean(m Measure) float64 { return float64(stats.Over(s.Attackers, m.Of).Mean) }

// ASRs returns the summary of the attackers' ASRs.
func (s Scores) ASRs() stats.Summary {
	return stats.Over(s.Attackers, func(a Attacker) float64 { return a.ASR.Value() })
}

// Score counts the scores of a model from its predictions for some probes of a game with the given number of
// classes. predicted holds the prediction for the probe at the same position of list.
func Score(rules game.Rules, classes int, list []game.Probe, predicted []uint16) *Scores {
	accuracy := make([]game.Rate, len(rules.Attackers))
	for i, probe := range list {
		if probe.Owner != game.Defender && probe.Owner < len(accuracy) && probe.Trigger == game.NoTrigger {
			accuracy[probe.Owner].Of++
			if predicted[i] == probe.Label {
				accuracy[probe.Owner].Hits++
			}
		}
	}
	measured := rules.Measure(classes, list, predicted)
	scores := &Scores{CleanAccuracy: measured.Clean, Attackers: []Attacker{}}
	for i, success := range measured.Attackers {
		scores.Attackers = append(scores.Attackers, Attacker{
			ID: rules.Attackers[i].ID, ASR: success.ASR, BaseRate: success.BaseRate, Lift: success.Lift, CleanAccuracy: accuracy[i],
		})
	}
	return scores
}
