package cell

import (
	"backfire/defenses/indexing"
)

// Inquiry asks the model of a cell whose sub-dataset queries come from, by every
// method of package detect and in every form of package indexing, and unlearns
// each attacker's sub-dataset in turn.
type Attribution struct {
	// Batch is the number of images of a query by the batch.
	Batch int `json:"batch" yaml:"batch"`
	// Queries is how many images of one owner, with and without trigger, are
	// asked with at most; 0 for all.
	Queries int `json:"queries" yaml:"queries"`
	// Unlearning is how a sub-dataset is unlearned, in batches of the training's
	// size.
	Unlearning indexing.Unlearning `json:"unlearning" yaml:"unlearning"`
}

// base returns the cell without its inquiry: the training of the model that is
// asked.
func (c Cell) WithoutAttribution() Cell {
	c.Attribution = nil
	return c
}

// unlearned is the number of images that pass through the gradient steps of
// unlearning one attacker's sub-dataset.
func (c Cell) UnlearnedImages() int64 {
	return 2 * int64(c.Attribution.Unlearning.Steps) * int64(c.Training.Batch)
}
