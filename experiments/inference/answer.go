package inference

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"backfire/defenses/detect"
	"backfire/experiments/cell"
	"backfire/experiments/summary"
	"backfire/stats"
)

// Query asks a defender about images.
type Query struct {
	Images []Image // at least one
	// Agent is the ID of the attacker that the images come from; nil: not given.
	Agent *int
	// Guess guesses the agent in place of Agent, by Similarity: the one whose
	// contribution is most similar to the image, or with Batch to all images together.
	Guess      bool
	Similarity detect.Method
	Batch      bool
}

// Prediction is the answer about one image.
type Prediction struct {
	Label int // the most probable class, of equals the first; that of the vote if models vote
	// Probabilities are by class, each from 0 to 1: those of the model, or with a vote the shares of the models that
	// predict a class.
	Probabilities []float32

	Model *summary.ModelChoice // that answered; nil if models voted
	Vote  *VoteCount           // nil if one model answered
	Why   string               // it was this model, or how the models voted, for people
	// Agent is the ID of the agent that was given or guessed; nil: neither.
	Agent *int
	// Similarities rank the agents, the most similar first; nil where none was guessed.
	Similarities []summary.Similar

	unlearned bool // the model unlearned the agent first
}

// Answer chooses the model that answers each image, asks it, and returns one
// prediction per image, in their order. The error is a [*RequestError] where the
// defender cannot answer such a query, and wraps [ErrNoModel] where a model that
// would answer is not stored.
func (c *Client) Answer(ctx context.Context, d *Defender, q Query) ([]Prediction, error) {
	if d.Models.Vote != nil {
		return c.answerByVote(ctx, d, q)
	}
	predictions := make([]Prediction, len(q.Images))
	if err := c.assign(ctx, d, q, predictions); err != nil {
		return nil, err
	}
	if err := c.ask(ctx, q.Images, predictions); err != nil {
		return nil, err
	}
	return predictions, nil
}

// assign chooses the model that answers each image.
func (c *Client) assign(ctx context.Context, d *Defender, q Query, predictions []Prediction) error {
	if q.Guess {
		return c.assignGuessed(ctx, d, q, predictions)
	}
	if q.Agent == nil {
		return d.assignOnly(predictions)
	}
	if _, err := d.position(FieldAgent, *q.Agent); err != nil {
		return err
	}
	for i := range predictions {
		why, err := d.assignWithout(&predictions[i], *q.Agent)
		if err != nil {
			return err
		}
		predictions[i].Why = fmt.Sprintf("agent %d: %s", *q.Agent, why)
	}
	return nil
}

// assignOnly assigns the only model to all images.
func (d *Defender) assignOnly(predictions []Prediction) error {
	why := "the only model of defender " + d.Models.Defender
	switch {
	case d.Single:
		why = "the selected model"
	case d.Models.Unlearning() != nil:
		return refuse(FieldAgent, "", "defender %s unlearns the agent that a query is from: give its ID, or unknown", d.Models.Defender)
	case d.Models.Indexed():
		return refuse(FieldAgent, "", "defender %s has %d models and chooses by the agent that a query is from: give its ID, or unknown",
			d.Models.Defender, len(d.Models.Models))
	}
	for i := range predictions {
		predictions[i].Model, predictions[i].Why = &d.Models.Models[0], why
	}
	return nil
}

// assignWithout assigns the model that does without the images of the agent that a
// query is from, and returns its description.
func (d *Defender) assignWithout(p *Prediction, id int) (why string, err error) {
	p.Agent = &id
	if p.Model = d.Models.Without(id); p.Model != nil {
		return modelWithout(p.Model, id), nil
	}
	if d.Single {
		return "", refuse(FieldAgent, strconv.Itoa(id), "the selected model was trained on this agent's images: select a run whose defender indexes agents, or give no agent")
	}
	if p.Model = d.Models.Unlearning(); p.Model == nil {
		return "", refuse(FieldAgent, strconv.Itoa(id), "defender %s has no model without this agent's images: choose a defender with indexing, or give no agent", d.Models.Defender)
	}
	p.unlearned = true
	settings := p.Model.Cell.Attribution.Unlearning
	return fmt.Sprintf("the model of all agents' images after it has unlearned agent %d (%d steps, learning rate %g)", id, settings.Steps, settings.Rate), nil
}

// modelWithout describes a model without an agent's images.
func modelWithout(model *summary.ModelChoice, id int) string {
	defense := model.Cell.Defense
	if len(defense.Excluded) > 1 {
		var ids []string
		for _, other := range defense.Excluded {
			ids = append(ids, strconv.Itoa(other))
		}
		return "the model without its group, agents " + strings.Join(ids, ", ")
	}
	why := fmt.Sprintf("the model without agent %d", id)
	if at := slices.IndexFunc(defense.Slices, func(s cell.Slice) bool { return slices.Contains(s.Enter, id) }); at >= 0 {
		why += fmt.Sprintf(", which enters in slice %d of %d", at+1, len(defense.Slices))
	}
	return why
}

// assignGuessed guesses the agent of each image, and assigns the model without it.
func (c *Client) assignGuessed(ctx context.Context, d *Defender, q Query, predictions []Prediction) error {
	const guess = "unknown"
	switch {
	case d.Single:
		return refuse(FieldAgent, guess, "a single model is selected, and a guess needs the models of a game: select a run")
	case !d.Models.Indexed() && d.Models.Unlearning() == nil:
		return refuse(FieldAgent, guess, "defender %s has no model that leaves agents out: choose a defender with indexing", d.Models.Defender)
	case d.Models.Base == nil:
		return refuse(FieldAgent, guess, "the run has no model of all agents' images, in whose features agents are compared")
	}
	similarities, err := c.Similarities(ctx, d.Models.Base.Hash, pixelsOf(q.Images), q.Similarity, q.Batch)
	if err != nil {
		return err
	}
	for i := range predictions {
		at := i
		if q.Batch {
			at = 0
		}
		if err := d.guess(q, &predictions[i], similarities[at]); err != nil {
			return err
		}
	}
	return nil
}

// maxRanked limits how many agents of a ranking the explanation lists.
const maxRanked = 3

// guess assigns the model that was trained without the most similar agent's images.
func (d *Defender) guess(q Query, p *Prediction, similarity []stats.Number) error {
	p.Similarities = summary.Rank(d.Game, similarity)
	why, err := d.assignWithout(p, p.Similarities[0].Agent)
	if err != nil {
		return err
	}
	var ranking []string
	for _, s := range p.Similarities[:min(maxRanked, len(p.Similarities))] {
		ranking = append(ranking, fmt.Sprintf("%d: %.4g", s.Agent, float64(s.Similarity)))
	}
	if len(p.Similarities) > maxRanked {
		ranking = append(ranking, "...")
	}
	subject := "it is"
	if q.Batch {
		subject = "the batch is"
	}
	p.Why = fmt.Sprintf("%s most similar to agent %d (%s; %s): %s", subject, *p.Agent, q.Similarity, strings.Join(ranking, ", "), why)
	return nil
}

// noAgent is the agent to unlearn where there is none.
const noAgent = -1

// ask asks the assigned models: each once, and once for each agent that it unlearns.
func (c *Client) ask(ctx context.Context, images []Image, predictions []Prediction) error {
	type request struct {
		hash    string
		unlearn int
	}
	members := map[request][]int{}
	var order []request
	for i, p := range predictions {
		r := request{p.Model.Hash, noAgent}
		if p.unlearned {
			r.unlearn = *p.Agent
		}
		if members[r] == nil {
			order = append(order, r)
		}
		members[r] = append(members[r], i)
	}
	for _, r := range order {
		var own []Image
		for _, i := range members[r] {
			own = append(own, images[i])
		}
		var probabilities [][]float32
		var err error
		if r.unlearn == noAgent {
			probabilities, err = c.Probabilities(ctx, r.hash, pixelsOf(own))
		} else {
			probabilities, err = c.Unlearned(ctx, r.hash, r.unlearn, pixelsOf(own))
		}
		if err != nil {
			return err
		}
		for at, i := range members[r] {
			predictions[i].set(probabilities[at])
		}
	}
	return nil
}

// set stores the probabilities and the label that follows from them.
func (p *Prediction) set(probabilities []float32) {
	p.Probabilities, p.Label = probabilities, 0
	for class, probability := range probabilities {
		if probability > probabilities[p.Label] {
			p.Label = class
		}
	}
}

// pixelsOf returns the raw values of all images, one after the other.
func pixelsOf(images []Image) []uint8 {
	var all []uint8
	for _, image := range images {
		all = append(all, image.Pixels...)
	}
	return all
}

// position returns the place of the attacker with an ID in the game. The error names
// the field that the ID was given in.
func (d *Defender) position(field string, id int) (int, error) {
	var ids []string
	for at, a := range d.Game.Game.Attackers {
		if a.ID == id {
			return at, nil
		}
		ids = append(ids, strconv.Itoa(a.ID))
	}
	return 0, refuse(field, strconv.Itoa(id), "the attackers of the game are %s", strings.Join(ids, ", "))
}
