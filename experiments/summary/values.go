package summary

import (
	"fmt"
	"slices"

	"backfire/defenses/value"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
)

// Values holds what the removal of each agent's images does to the defender: the figures of the models of agent
// indexing on the defender's own held-out images, and how well they rank attackers before honest contributors.
type Values struct {
	// Base is the hash of the model of all images with the same defenses, and CleanAccuracy and CleanLoss are its
	// figures; empty and nil where it is not stored.
	Base          string     `json:"base,omitempty"`
	CleanAccuracy *game.Rate `json:"clean_accuracy,omitempty"`
	CleanLoss     *float64   `json:"clean_loss,omitempty"`
	// Agents holds the agents that a model leaves out, in the order of game.Rules.AgentIDs.
	Agents []AgentValue `json:"agents"`
	// ByAccuracy and ByLoss judge the rankings by the standard accuracy without an agent, the highest first, and
	// by the loss, the lowest first. They are nil unless attackers and honest contributors are left out, ByLoss
	// also where a result has no loss.
	ByAccuracy *RankingQuality `json:"by_accuracy,omitempty"`
	ByLoss     *RankingQuality `json:"by_loss,omitempty"`
}

// RankingQuality measures how well a ranking tells attackers from honest contributors.
type RankingQuality = value.Quality

// AgentValue holds the figures of the model that leaves out an agent.
type AgentValue struct {
	ID       int    `json:"id"`
	Attacker bool   `json:"attacker"`
	Model    string `json:"model"` // hash
	// CleanAccuracy and CleanLoss are those of store.Result.
	CleanAccuracy game.Rate `json:"clean_accuracy"`
	CleanLoss     *float64  `json:"clean_loss,omitempty"`
}

// values returns what each agent's images are worth; nil for a defender without a model that leaves agents out.
func (j joiner) values(models []*store.Result, defender plan.PlannedDefender) (*Values, error) {
	v := &Values{}
	for position, answer := range defender.Answers {
		c, _ := j.plan.Cell(defender.Models[answer])
		id := c.Game.AgentIDs()[position]
		if c.Defense == nil || !slices.Contains(c.Defense.Excluded, id) {
			return nil, nil
		}
		v.Agents = append(v.Agents, AgentValue{ID: id, Attacker: position < j.attackers(), Model: defender.Models[answer]})
		v.Agents[position].measure(models[answer])
	}
	if len(v.Agents) == 0 {
		return nil, nil
	}
	c, _ := j.plan.Cell(v.Agents[0].Model)
	base := c.WithoutAttribution().WithAllAgents()
	hash, err := base.Hash()
	if err != nil {
		return nil, err
	}
	result, err := j.results.Read(hash)
	if err != nil {
		return nil, err
	}
	if result != nil {
		v.Base = hash
		v.compareWith(result)
	}
	v.judge()
	return v, nil
}

// measure sets the figures of the model without the agent.
func (a *AgentValue) measure(result *store.Result) {
	a.CleanAccuracy, a.CleanLoss = result.CleanAccuracy, result.CleanLoss
}

// compareWith sets the figures of the model of all images.
func (v *Values) compareWith(result *store.Result) {
	v.CleanAccuracy, v.CleanLoss = &result.CleanAccuracy, result.CleanLoss
}

// judge judges the rankings.
func (v *Values) judge() {
	var accuracies, losses []float64
	var attackers []bool
	for _, a := range v.Agents {
		accuracies, attackers = append(accuracies, a.CleanAccuracy.Value()), append(attackers, a.Attacker)
		if a.CleanLoss != nil {
			losses = append(losses, -*a.CleanLoss)
		}
	}
	v.ByAccuracy, v.ByLoss = value.Judge(accuracies, attackers), nil
	if len(losses) == len(attackers) {
		v.ByLoss = value.Judge(losses, attackers)
	}
}

// derived returns the values with the figures of the results that they name.
func (v *Values) derived(s *store.Store) (*Values, error) {
	again := *v
	again.Agents = slices.Clone(v.Agents)
	for i, a := range again.Agents {
		record, err := s.Glance(a.Model)
		if err != nil {
			return nil, err
		}
		rules := record.Cell.Game
		if d := record.Cell.Defense; i >= rules.SeatCount() || rules.AgentIDs()[i] != a.ID || d == nil || !slices.Contains(d.Excluded, a.ID) {
			return nil, fmt.Errorf("%w: %.12s does not leave out agent %d", ErrOtherFigures, a.Model, a.ID)
		}
		again.Agents[i].Attacker = i < len(rules.Attackers)
		again.Agents[i].measure(&record.Result)
		if a.CleanLoss == nil { // earlier results have none, and may have been retrained since
			again.Agents[i].CleanLoss = nil
		}
	}
	if v.Base != "" {
		record, err := s.Glance(v.Base)
		if err != nil {
			return nil, err
		}
		if again.compareWith(&record.Result); v.CleanLoss == nil {
			again.CleanLoss = nil
		}
	}
	again.judge()
	return &again, nil
}
