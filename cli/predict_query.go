package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"backfire/datasets"
	"backfire/defenses/detect"
	"backfire/defenses/features"
	"backfire/experiments/cell"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/internal/streams"
	"backfire/stats"
)

// query is one image and what came of it.
type query struct {
	name   string
	pixels []uint8
	truth  int // label; unknownLabel for files

	model         *summary.ModelChoice // that answers
	unlearned     bool                 // the agent was unlearned from it before
	why           string
	agent         *int              // that is said or guessed to have sent it; nil: nobody asked
	similarities  []summary.Similar // the most similar first; nil where nothing was guessed
	label         int
	probabilities []float32 // by class
}

const (
	// unknownLabel is the true label of an image that came without.
	unknownLabel = -1
	// noAgent is unlearned where none is.
	noAgent = -1
)

// queries reads or draws the images and stamps them.
func (o *PredictOptions) queries(ctx context.Context, chosen *answering) ([]*query, error) {
	var list []*query
	if o.Sample == 0 {
		shape := chosen.game.Data.Shape
		for _, name := range o.Files {
			data, err := os.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("predict: %w", err)
			}
			pixels, err := datasets.DecodeImage(data, shape.C, shape.H, shape.W, o.Resize)
			if err != nil {
				return nil, fmt.Errorf("predict: %s: %w", name, err)
			}
			list = append(list, &query{name: name, pixels: pixels, truth: unknownLabel})
		}
		if o.Trigger == noTrigger {
			return list, nil
		}
	}
	owner, trigger := game.Defender, game.NoTrigger
	if o.Trigger != noTrigger {
		position, err := chosen.position("trigger", o.Trigger)
		if err != nil {
			return nil, err
		}
		owner, trigger = position, position
	}
	played, err := chosen.consultant.Game(ctx, chosen.game)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	if o.Sample > 0 {
		return o.sample(chosen, played, owner, trigger)
	}
	if len(played.Triggers()) == 0 {
		return nil, Usagef("predict: --trigger %d: the attackers of this game draw a trigger for every image of the dataset: ask with --sample", o.Trigger)
	}
	for _, q := range list {
		played.Triggers()[trigger].Stamp(q.pixels)
	}
	return list, nil
}

// sample draws held-out images of an owner, from the stream "predict", in the order
// of the probes.
func (o *PredictOptions) sample(chosen *answering, played *game.Game, owner, trigger int) ([]*query, error) {
	probes := played.Probes()
	var at []int
	for i, probe := range probes.List {
		if probe.Owner == owner && probe.Trigger == trigger {
			at = append(at, i)
		}
	}
	if len(at) < o.Sample {
		return nil, Usagef("predict: --sample %d: only %d such images are held out", o.Sample, len(at))
	}
	size := probes.Shape.Size()
	var list []*query
	for _, i := range features.Thin(streams.New(chosen.game.Game.Seed, "predict", uint64(owner+1)), at, o.Sample) {
		probe := probes.List[i]
		list = append(list, &query{
			name: chosen.sampleName(probe.Source), truth: int(probe.Label),
			pixels: slices.Clone(probes.Images[i*size : (i+1)*size]),
		})
	}
	return list, nil
}

// assign decides which model answers each query, and notes why.
func (o *PredictOptions) assign(ctx context.Context, chosen *answering, queries []*query) error {
	switch o.Agent {
	case "":
		return chosen.assignAll(queries)
	case agentUnknown:
		return o.assignGuessed(ctx, chosen, queries)
	}
	id, err := strconv.Atoi(o.Agent)
	if err != nil {
		return Usagef("predict: --agent %s: must be the ID of an attacker, or unknown", o.Agent)
	}
	if _, err := chosen.position("agent", id); err != nil {
		return err
	}
	for _, q := range queries {
		why, err := chosen.answer(q, id)
		if err != nil {
			return err
		}
		q.why = fmt.Sprintf("agent %d: %s", id, why)
	}
	return nil
}

// assignAll lets the only model answer all queries.
func (c *answering) assignAll(queries []*query) error {
	why := "the only model of defender " + c.panel.Defender
	switch {
	case c.single:
		why = "the model that --run names"
	case c.panel.Unlearning() != nil:
		return Usagef("predict: defender %s unlearns the agent that a query is from: say --agent ID or --agent unknown", c.panel.Defender)
	case c.panel.Indexed():
		return Usagef("predict: defender %s has %s and chooses by the agent that a query is from: say --agent ID or --agent unknown",
			c.panel.Defender, plural(len(c.panel.Models), "model"))
	}
	for _, q := range queries {
		q.model, q.why = &c.panel.Models[0], why
	}
	return nil
}

// answer lets the model answer a query that does without the images of the agent
// that it is from, and says which it is.
func (c *answering) answer(q *query, id int) (why string, err error) {
	q.agent = &id
	if q.model = c.panel.Without(id); q.model != nil {
		return modelWithout(q.model, id), nil
	}
	if c.single {
		return "", Usagef("predict: --agent %d: the model that --run names saw this agent's images: name a summary whose defender indexes agents, or leave out --agent", id)
	}
	if q.model = c.panel.Unlearning(); q.model == nil {
		return "", Usagef("predict: --agent %d: defender %s has no model without this agent's images: choose a defender with indexing, or leave out --agent", id, c.panel.Defender)
	}
	q.unlearned = true
	settings := q.model.Cell.Attribution.Unlearning
	return fmt.Sprintf("the model of everybody's images after it has unlearned agent %d (%d steps, learning rate %g)", id, settings.Steps, settings.Rate), nil
}

// modelWithout says what a model without an agent's images is.
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

// assignGuessed guesses whose queries they are.
func (o *PredictOptions) assignGuessed(ctx context.Context, chosen *answering, queries []*query) error {
	switch {
	case chosen.single:
		return Usagef("predict: --agent unknown: --run names one model, and the guess needs the models of a game: name a summary")
	case !chosen.panel.Indexed() && chosen.panel.Unlearning() == nil:
		return Usagef("predict: --agent unknown: defender %s has no model that leaves agents out: choose a defender with indexing", chosen.panel.Defender)
	case chosen.panel.Base == nil:
		return Usagef("predict: --agent unknown: the run has no model of everybody's images, in whose features agents are compared")
	}
	similarities, err := chosen.consultant.Similarities(ctx, chosen.panel.Base.Hash, pixelsOf(queries), detect.Method(o.Similarity), o.Batch)
	if err != nil {
		return err
	}
	for i, q := range queries {
		at := i
		if o.Batch {
			at = 0
		}
		if err := o.guess(chosen, q, similarities[at]); err != nil {
			return err
		}
	}
	return nil
}

// mostRanked is how many agents of a ranking people are shown.
const mostRanked = 3

// guess lets the model answer that never saw the most similar agent's images.
func (o *PredictOptions) guess(chosen *answering, q *query, similarity []stats.Number) error {
	q.similarities = summary.Rank(chosen.game, similarity)
	why, err := chosen.answer(q, q.similarities[0].Agent)
	if err != nil {
		return err
	}
	var ranking []string
	for _, s := range q.similarities[:min(mostRanked, len(q.similarities))] {
		ranking = append(ranking, fmt.Sprintf("%d: %.4g", s.Agent, float64(s.Similarity)))
	}
	if len(q.similarities) > mostRanked {
		ranking = append(ranking, "...")
	}
	what := "it is"
	if o.Batch {
		what = "the batch is"
	}
	q.why = fmt.Sprintf("%s most similar to agent %d (%s; %s): %s", what, *q.agent, o.Similarity, strings.Join(ranking, ", "), why)
	return nil
}

func pixelsOf(queries []*query) []uint8 {
	var all []uint8
	for _, q := range queries {
		all = append(all, q.pixels...)
	}
	return all
}

// ask has every query answered by its model, each model once, and once for each
// agent that it unlearns.
func (c *answering) ask(ctx context.Context, queries []*query) error {
	type asked struct {
		hash    string
		unlearn int
	}
	by := map[asked][]*query{}
	var order []asked
	for _, q := range queries {
		key := asked{q.model.Hash, noAgent}
		if q.unlearned {
			key.unlearn = *q.agent
		}
		if by[key] == nil {
			order = append(order, key)
		}
		by[key] = append(by[key], q)
	}
	for _, key := range order {
		own := by[key]
		var probabilities [][]float32
		var err error
		if key.unlearn == noAgent {
			probabilities, err = c.consultant.Probabilities(ctx, key.hash, pixelsOf(own))
		} else {
			probabilities, err = c.consultant.Unlearned(ctx, key.hash, key.unlearn, pixelsOf(own))
		}
		if err != nil {
			return err
		}
		for i, q := range own {
			q.probabilities = probabilities[i]
			for class, p := range q.probabilities {
				if p > q.probabilities[q.label] {
					q.label = class
				}
			}
		}
	}
	return nil
}
