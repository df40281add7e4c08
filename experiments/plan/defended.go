package plan

import (
	"fmt"
	"slices"

	"backfire/defenses"
	"backfire/defenses/indexing"
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
}

// AttributionModel is the position of the attribution in Models, if there is one.
const AttributionModel = 1

// Undefended returns the twin with which every defender of the game is compared, given the number of attackers.
func (g PlannedGame) Undefended(attackers int) PlannedDefender {
	return PlannedDefender{Name: Undefended, Models: []string{g.Cell}, Answers: make([]int, attackers)}
}

// defended is a planned defender with the cells of its models.
type defended struct {
	PlannedDefender
	models []*planned
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
	d := &defended{PlannedDefender: PlannedDefender{Name: policy.Name, Answers: make([]int, len(twin.cell.Game.Attackers))}}
	cells, err := d.cells(twin.cell, policy.Stack, p.cfg.Indexing.Honest)
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
	p.defended[key] = d
	return d, nil
}

// cells returns the cells that a defender with a stack trains in the game of the twin, and sets Answers and
// Unknown. honest has agent indexing answer the honest contributors, too.
func (d *defended) cells(twin cell.Cell, stack defenses.Stack, honest bool) ([]cell.Cell, error) {
	with := func(excluded []int, sliced []cell.Slice) cell.Cell {
		c := twin
		c.Defense = cell.NewDefense(stack, excluded, sliced)
		return c
	}
	settings := defenses.Get[indexing.Settings](stack, defenses.KindIndexing)
	if settings == nil {
		return withBases([]cell.Cell{with(nil, nil)})
	}
	var cells []cell.Cell
	agents := twin.Game.AgentIDs()
	if unknown := settings.Unknown; unknown != nil {
		d.Unknown = unknown
		honest = true // any agent may be guessed
		attribution := with(nil, nil)
		attribution.Attribution = &cell.Attribution{Batch: unknown.Batch, Queries: unknown.Most, Unlearning: unknown.Unlearning}
		cells = append(cells, attribution.WithoutAttribution(), attribution)
		if unknown.Update == indexing.Unlearn {
			d.Answers = slices.Repeat([]int{AttributionModel}, len(agents))
			return cells, nil
		}
	}
	plan, err := indexing.NewPlan(*settings, len(agents), twin.Training.Epochs, twin.Game.Seed)
	if err != nil {
		return nil, err
	}
	answers := plan.Answers
	if !honest {
		answers = answers[:len(twin.Game.Attackers)]
	}
	sliced := cell.SlicesOf(plan, agents)
	at := map[int]int{} // position in cells, by that in the plan
	for i, model := range plan.Models {
		savesStates := len(model.Excluded) == 0
		if slices.Contains(answers, i) || savesStates {
			at[i] = len(cells)
			cells = append(cells, with(cell.IDsOf(agents, model.Excluded), sliced))
		}
	}
	d.Answers = make([]int, len(answers))
	for agent, answer := range answers {
		d.Answers[agent] = at[answer]
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
		rows := g.deal.defender
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
