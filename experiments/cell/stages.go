package cell

import (
	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/defenses/filter"
)

// FirstModel returns the cell of the model whose features or losses the cell's filter looks at: the same
// training without the filter and what follows it, with the epochs that the filter asks for. It returns false if
// the cell has no filter, or one that needs no model.
func (c Cell) FirstModel() (Cell, bool) {
	f, _, ok := defenses.Find[filter.Filter](c.DefenseStack())
	if !ok || f.FirstEpochs(c.Training.Epochs) == 0 {
		return Cell{}, false
	}
	c = c.with(c.Defense.Stack.Except(definition.Filter).Except(definition.Repair))
	c.Training.Epochs = f.FirstEpochs(c.Training.Epochs)
	return c, true
}

// Unrepaired returns the cell of the model that the cell repairs; false if it repairs none.
func (c Cell) Unrepaired() (Cell, bool) {
	if c.DefenseStack().At(definition.Repair).Empty() {
		return Cell{}, false
	}
	return c.with(c.Defense.Stack.Except(definition.Repair)), true
}

// Trained returns the cell whose training leads to the weights before a repair and an attribution: the cell
// itself unless it has one of these.
func (c Cell) Trained() Cell {
	c = c.WithoutAttribution()
	if unrepaired, ok := c.Unrepaired(); ok {
		return unrepaired
	}
	return c
}

// Takes reports whether the cell takes the trained model of another one.
func (c Cell) Takes() bool {
	_, repairs := c.Unrepaired()
	return repairs || c.Attribution != nil
}

// with returns the cell, without an attribution, with another stack of defenses.
func (c Cell) with(stack defenses.Stack) Cell {
	d := *c.Defense
	c.Defense, c.Attribution = NewDefense(stack, d.Excluded, d.Slices), nil
	return c
}

// Filters reports whether the cell's defense removes rows of the training set after a first training.
func (c Cell) Filters() bool { return !c.DefenseStack().At(definition.Filter).Empty() }
