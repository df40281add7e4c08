package plan

import (
	"fmt"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/defenses/indexing"
	"backfire/defenses/vote"
	"backfire/experiments/cell"
)

// PlannedDefender holds the models that a defender trains in one game.
type PlannedDefender struct {
	Name string `json:"name"`
	// Models are the hashes of its cells: one, or with agent indexing several.
	Models []string `json:"models"`
	// Answers holds, for each agent by position, the position in Models of the model that answers its queries.
	// Those of the honest contributors, which come last, are missing if no model leaves them out.
	Answers []int `json:"answers"`
	// Unknown holds the settings by which queries without an index are answered; nil if each query has one.
	// With Unknown, the first of Models is trained on all images, the one at AttributionModel is the
	// attribution, and Answers tell which model answers the queries that are attributed to an attacker: with
	// update unlearn, the attribution's.
	Unknown *indexing.Unknown `json:"unknown,omitempty"`
	// Vote describes the vote over groups of agents; nil for a defender without one. With Vote, the first of Models
	// vote, one for each group, and Answers tell which of them is trained on the images of an attacker.
	Vote *PlannedVote `json:"vote,omitempty"`
}

// AttributionModel is the position of the attribution in Models, if there is one.
const AttributionModel = indexing.AttributionModel

// Undefended returns the twin with which every defender of the game is compared, given the number of attackers.
func (g PlannedGame) Undefended(attackers int) PlannedDefender {
	return PlannedDefender{Name: Undefended, Models: []string{g.Cell}, Answers: make([]int, attackers)}
}

// defended is a planned defender with the cells of its models.
type defended struct {
	PlannedDefender
	models  []*planned
	control []*planned // see PlannedVote.Control
}

// defend plans the models of a defender in a game that is planned without a defense. The error names the
// defender.
func (p *planner) defend(twin *planned, policy defenses.Policy) (*defended, error) {
	key := twin.hash + " " + policy.Name
	if d, ok := p.defended[key]; ok {
		return d, nil
	}
	if err := twin.fits(policy); err != nil {
		return nil, err
	}
	d := &defended{PlannedDefender: PlannedDefender{Name: policy.Name}}
	cells, err := d.cells(twin.cell, policy.Stack)
	if err != nil {
		return nil, fmt.Errorf("defender %s: %w", policy.Name, err)
	}
	for _, cell := range cells {
		model, err := twin.as(cell)
		if err != nil {
			return nil, fmt.Errorf("defender %s: %w", policy.Name, err)
		}
		d.models, d.Models = append(d.models, model), append(d.Models, model.hash)
	}
	if err := p.controlVote(d, twin, policy); err != nil {
		return nil, fmt.Errorf("defender %s: the same vote without poison: %w", policy.Name, err)
	}
	p.defended[key] = d
	return d, nil
}

// cells returns the cells that a defender with a stack trains in the game of the twin: those that its defense at the
// stage definition.Models declares, or one. It sets Answers, Unknown and Vote.
func (d *defended) cells(twin cell.Cell, stack defenses.Stack) ([]cell.Cell, error) {
	set := &definition.ModelSet{Models: []definition.Model{{}}, Answers: make([]int, len(twin.Game.Attackers))}
	if planner, _, ok := defenses.Find[definition.ModelPlanner](stack); ok {
		var err error
		set, err = planner.PlanModels(definition.Agents{
			IDs: twin.Game.AgentIDs(), Attackers: len(twin.Game.Attackers), Epochs: twin.Training.Epochs, Seed: twin.Game.Seed,
		})
		if err != nil {
			return nil, err
		}
	}
	d.Answers = set.Answers
	if s := defenses.Get[vote.Settings](stack, vote.Kind); s != nil {
		d.Vote = &PlannedVote{Rule: s.Rule, Own: s.Own, Groups: set.Groups}
	}
	if s := defenses.Get[indexing.Defense](stack, indexing.Kind); s != nil {
		d.Unknown = s.Settings().Unknown
	}
	cells := make([]cell.Cell, len(set.Models))
	for i, model := range set.Models {
		cells[i] = twin
		cells[i].Defense = cell.NewDefense(stack, model)
		if model.Attributes {
			cells[i].Attribution = &cell.Attribution{Batch: d.Unknown.Batch, Queries: d.Unknown.Most, Unlearning: d.Unknown.Unlearning}
		}
	}
	return withBases(cells)
}

// withBases returns cells, then the cells of the models that their filters look at and that they repair.
func withBases(cells []cell.Cell) ([]cell.Cell, error) {
	known := map[string]bool{}
	for _, c := range cells {
		hash, err := c.Hash()
		if err != nil {
			return nil, err
		}
		known[hash] = true
	}
	for i := 0; i < len(cells); i++ { // the list grows
		_, repairs := cells[i].Unrepaired()
		_, filters := cells[i].FirstModel()
		if !repairs && !filters {
			continue
		}
		base, _ := cells[i].Base()
		hash, err := base.Hash()
		if err != nil {
			return nil, err
		}
		if !known[hash] {
			known[hash], cells = true, append(cells, base)
		}
	}
	return cells, nil
}

// fits returns an error if the game is too small for a defender. A game that cannot be played fits every
// defender: it is refused for its own reason.
func (g *planned) fits(policy defenses.Policy) error {
	if g.err != nil {
		return nil
	}
	training := g.cell.Training
	return policy.Fits(defenses.Scale{
		Contributed: g.deal.defender, Agents: len(g.deal.agents), Epochs: training.Epochs, Batch: training.Batch,
	})
}

// as returns another cell of the same game. The error holds the reason why it cannot be trained.
func (g *planned) as(cell cell.Cell) (*planned, error) {
	other := &planned{cell: cell, deal: g.deal}
	var err error
	if other.hash, err = other.cell.Hash(); err != nil || g.err != nil {
		return other, err
	}
	return other, other.fillsBatch()
}

// fillsBatch returns an error if the training set is smaller than a batch in any segment, and for a cell that could
// not be read once it is stored.
func (g *planned) fillsBatch() error {
	if err := g.cell.Validate(); err != nil {
		return err
	}
	segments, err := g.cell.Segments()
	if err != nil {
		return err
	}
	for _, segment := range segments {
		rows := 0
		if d := g.cell.Defense; d == nil || !d.WithoutOwn {
			rows = g.deal.defender
		}
		for _, position := range segment.Agents {
			rows += g.deal.agents[position]
		}
		if batch := g.cell.Training.Batch; rows < batch {
			defense := ""
			if g.cell.Defense != nil {
				defense = " (" + g.cell.Defense.String() + ")"
			}
			return fmt.Errorf("train.batch = %d: the training set has only %d images%s: choose a smaller batch or a larger pool.size", batch, rows, defense)
		}
	}
	return nil
}
