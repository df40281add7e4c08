package plan

import (
	"fmt"

	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
)

// PlannedDefender is what a defender trains in one game.
type PlannedDefender struct {
	Name string `json:"name"`
	// Models are the hashes of its cells: one, or with agent indexing several.
	Models []string `json:"models"`
	// Answers holds for each attacker, in the order of the game's, the position
	// in Models of the one that answers its queries.
	Answers []int `json:"answers"`
	// Unknown is how queries without an index are answered; nil where each has
	// its own. The first of Models is that of everybody's images then, the second
	// (inquiryModel) the inquiry, and Answers say who answers the queries that are
	// taken to be an attacker's: with update unlearn, the inquiry's model.
	Unknown *indexing.Unknown `json:"unknown,omitempty"`
}

// inquiryModel is the place of the inquiry in Models, where there is one.
const AttributionModel = 1

// undefended returns the twin that every defender of the game is compared with.
func (g PlannedGame) Undefended(attackers int) PlannedDefender {
	return PlannedDefender{Name: Undefended, Models: []string{g.Cell}, Answers: make([]int, attackers)}
}

// defended is a defender's part of a game with its cells.
type defended struct {
	PlannedDefender
	made []*planned
}

// defend plans what a defender trains in a game that is planned without a
// defense. The error, if any, says why that cannot be done; it names the
// defender.
func (p *planner) defend(twin *planned, policy defenses.Policy) (*defended, error) {
	key := twin.hash + " " + policy.Name
	if d, ok := p.defenses[key]; ok {
		return d, nil
	}
	if err := twin.fits(policy); err != nil {
		return nil, err
	}
	d := &defended{PlannedDefender: PlannedDefender{Name: policy.Name, Answers: make([]int, len(twin.cell.Game.Attackers))}}
	cells, err := d.cells(twin.cell, policy.Stack)
	if err != nil {
		return nil, fmt.Errorf("defender %s: %w", policy.Name, err)
	}
	for _, cell := range cells {
		made, err := twin.as(cell)
		if err != nil {
			return nil, fmt.Errorf("defender %s: %w", policy.Name, err)
		}
		d.made, d.Models = append(d.made, made), append(d.Models, made.hash)
	}
	p.defenses[key] = d
	return d, nil
}

// cells returns what a defender with a stack trains in the game of the twin, and
// notes who answers whom.
func (d *defended) cells(twin cell.Cell, stack defenses.Stack) ([]cell.Cell, error) {
	with := func(excluded []int, enter []cell.Slice) cell.Cell {
		c := twin
		c.Defense = cell.NewDefense(stack, excluded, enter)
		return c
	}
	settings := stack.Indexing
	if settings == nil {
		return []cell.Cell{with(nil, nil)}, nil
	}
	var cells []cell.Cell
	if unknown := settings.Unknown; unknown != nil {
		d.Unknown = unknown
		inquiry := with(nil, nil)
		inquiry.Attribution = &cell.Attribution{Batch: unknown.Batch, Queries: unknown.Most, Unlearning: unknown.Unlearning}
		cells = append(cells, inquiry.WithoutAttribution(), inquiry)
		if unknown.Update == indexing.Unlearn {
			for i := range d.Answers {
				d.Answers[i] = AttributionModel
			}
			return cells, nil
		}
	}
	attackers := twin.Game.Attackers
	plan, err := indexing.NewPlan(*settings, len(attackers), twin.Training.Epochs, twin.Game.Seed)
	if err != nil {
		return nil, err
	}
	for attacker, answer := range plan.Answers {
		d.Answers[attacker] = len(cells) + answer
	}
	enter := cell.SlicesOf(plan, attackers)
	for _, model := range plan.Models {
		cells = append(cells, with(cell.IDsOf(attackers, model.Excluded), enter))
	}
	return cells, nil
}

// fits refuses a defender that the game is too small for. A game that cannot be
// played fits everyone: it has its own reason.
func (m *planned) fits(policy defenses.Policy) error {
	if m.err != nil {
		return nil
	}
	training := m.cell.Training
	return policy.Fits(defenses.Scale{
		Contributed: len(m.deal.Defender.Contributed), Agents: len(m.deal.Attackers), Epochs: training.Epochs, Batch: training.Batch,
	})
}

// as returns the same game as another cell of it. The error says why that cannot
// be trained.
func (m *planned) as(cell cell.Cell) (*planned, error) {
	d := &planned{cell: cell, deal: m.deal}
	var err error
	if d.hash, err = d.cell.Hash(); err != nil || m.err != nil {
		return d, err
	}
	return d, d.fillsBatch()
}

// fillsBatch refuses a training set that is smaller than a batch in any stage.
func (m *planned) fillsBatch() error {
	course, err := m.cell.Segments()
	if err != nil {
		return err
	}
	for _, stage := range course {
		rows := len(m.deal.Defender.Contributed)
		for _, position := range stage.Attackers {
			rows += len(m.deal.Attackers[position].Contributed)
		}
		if batch := m.cell.Training.Batch; rows < batch {
			left := ""
			if m.cell.Defense != nil {
				left = " (" + m.cell.Defense.String() + ")"
			}
			return fmt.Errorf("train.batch = %d: the training set has only %d images%s: choose a smaller batch or a larger pool.size", batch, rows, left)
		}
	}
	return nil
}
