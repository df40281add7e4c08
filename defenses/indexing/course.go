package indexing

import (
	"fmt"

	"backfire/game"
)

// Course returns all stages of the training that leads to a model's weights,
// including those before its checkpoint. None of them contains an image of its
// Excluded agents; indexing promises no more. The trigger of an excluded agent
// occurs in them only if another agent stamps the same one.
func (p *Plan) Course(model int) []Stage {
	m := p.Models[model]
	if m.From == Scratch {
		return m.Stages
	}
	before := p.Models[0].Stages[:m.From]
	return append(before[:len(before):len(before)], m.Stages...)
}

// Reason returns a phrase that names the model that answers an agent's queries,
// and the reason.
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

// Cost is the amount of training that a plan takes.
type Cost struct {
	// Models is the number of models that are trained.
	Models int `json:"models"`
	// Images is the number of images that pass through training steps, over all
	// epochs and models.
	Images int64 `json:"images"`
	// Undefended is the number of images for the single model of a defender
	// without defenses.
	Undefended int64 `json:"undefended"`
}

// Cost returns the cost of the plan. defender is the number of images that the
// defender contributes, agents[i] the number that agent i contributes.
func (p *Plan) Cost(defender int, agents []int) (Cost, error) {
	if len(agents) != p.Agents {
		return Cost{}, fmt.Errorf("indexing: cost: contributions of %d agents for a plan of %d", len(agents), p.Agents)
	}
	all := Stage{Agents: agentsExcept(p.Agents, nil), Epochs: p.Epochs}
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

// Select returns the training set of a stage: the rows of t that the defender and
// the given agents own, in their order. The result shares no memory with t.
func Select(t *game.TrainingSet, agents []int) *game.TrainingSet {
	wanted := map[int]bool{game.Defender: true}
	for _, agent := range agents {
		wanted[agent] = true
	}
	return rowsOf(t, func(owner int) bool { return wanted[owner] })
}

// WithoutDefender returns the rows of t that the defender does not own, in their order.
// The result shares no memory with t.
func WithoutDefender(t *game.TrainingSet) *game.TrainingSet {
	return rowsOf(t, func(owner int) bool { return owner != game.Defender })
}

// rowsOf returns the rows of t whose owner is wanted.
func rowsOf(t *game.TrainingSet, wanted func(owner int) bool) *game.TrainingSet {
	n := 0
	for _, row := range t.Rows {
		if wanted(row.Owner) {
			n++
		}
	}
	size := t.Shape.Size()
	s := &game.TrainingSet{
		Shape:  t.Shape,
		Images: make([]uint8, 0, n*size),
		Labels: make([]uint16, 0, n),
		Rows:   make([]game.Row, 0, n),
	}
	for i, row := range t.Rows {
		if wanted(row.Owner) {
			s.Images = append(s.Images, t.Images[i*size:(i+1)*size]...)
			s.Labels = append(s.Labels, t.Labels[i])
			s.Rows = append(s.Rows, row)
		}
	}
	return s
}
