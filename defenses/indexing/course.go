package indexing

import (
	"fmt"

	"backfire/game"
)

// Course returns the whole training that the weights of a model come from, the
// stages before its checkpoint included. No image of its Excluded agents is in
// any of them, which is all that indexing promises: an excluded agent's trigger
// is in none of the images either, unless somebody else stamps the same.
func (p *Plan) Course(model int) []Stage {
	m := p.Models[model]
	if m.From == Scratch {
		return m.Stages
	}
	before := p.Models[0].Stages[:m.From]
	return append(before[:len(before):len(before)], m.Stages...)
}

// Reason says in one sentence which model answers an agent's queries and why.
func (p *Plan) Reason(agent int) string {
	answer := p.Answers[agent]
	m := p.Models[answer]
	name := fmt.Sprintf("model %d of %d", answer+1, len(p.Models))
	switch {
	case m.From != Scratch:
		return fmt.Sprintf("%s: continued without agent %d from the checkpoint before slice %d of %d, in which it entered", name, agent, m.From+1, p.Settings.Models)
	case len(m.Excluded) == 1:
		return fmt.Sprintf("%s: trained without agent %d", name, agent)
	}
	return fmt.Sprintf("%s: trained without the %d agents of agent %d's group", name, len(m.Excluded), agent)
}

// Cost is what a plan takes to train.
type Cost struct {
	// Models counts the trainings.
	Models int `json:"models"`
	// Images counts the images that pass through training steps, over all
	// epochs and models.
	Images int64 `json:"images"`
	// Undefended is the same count for the one model of an undefended
	// defender.
	Undefended int64 `json:"undefended"`
}

// Cost returns what the plan takes where the defender contributes so many
// images and agent i contributes agents[i].
func (p *Plan) Cost(defender int, agents []int) (Cost, error) {
	if len(agents) != p.Agents {
		return Cost{}, fmt.Errorf("indexing: cost: contributions of %d agents for a plan of %d", len(agents), p.Agents)
	}
	all := Stage{Agents: without(p.Agents, nil), Epochs: p.Epochs}
	c := Cost{Models: len(p.Models), Undefended: all.images(defender, agents)}
	for _, m := range p.Models {
		for _, stage := range m.Stages {
			c.Images += stage.images(defender, agents)
		}
	}
	return c, nil
}

// images returns the number of images that pass through a stage.
func (s Stage) images(defender int, agents []int) int64 {
	n := int64(defender)
	for _, agent := range s.Agents {
		n += int64(agents[agent])
	}
	return n * int64(s.Epochs)
}

// Select returns the rows of a training set that the defender and the given
// agents own, in their order: what one stage trains on. The result shares
// nothing with t.
func Select(t *game.TrainingSet, agents []int) *game.TrainingSet {
	wanted := map[int]bool{game.Defender: true}
	for _, agent := range agents {
		wanted[agent] = true
	}
	n := 0
	for _, row := range t.Rows {
		if wanted[row.Owner] {
			n++
		}
	}
	size := t.Shape.Size()
	s := &game.TrainingSet{
		Shape:  t.Shape,
		Images: make([]uint8, 0, n*size),
		Labels: make([]uint8, 0, n),
		Rows:   make([]game.Row, 0, n),
	}
	for i, row := range t.Rows {
		if wanted[row.Owner] {
			s.Images = append(s.Images, t.Images[i*size:(i+1)*size]...)
			s.Labels = append(s.Labels, t.Labels[i])
			s.Rows = append(s.Rows, row)
		}
	}
	return s
}
