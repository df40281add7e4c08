package cell

import "backfire/defenses/indexing"

// Attribution has the trained model guess from which agent's images queries come, by every method of package
// detect and in every form of package indexing, and then unlearns each agent's images in turn. A cell with
// an attribution trains nothing of its own: it starts from the trained model of the same cell without it.
type Attribution struct {
	// Batch is the number of images of a query by the batch.
	Batch int `json:"batch" yaml:"batch"`
	// Queries limits how many images of one owner, with and without trigger, are used as queries; 0 means all.
	Queries int `json:"queries" yaml:"queries"`
	// Unlearning holds the settings by which an agent's images are unlearned, in batches of the training's
	// size.
	Unlearning indexing.Unlearning `json:"unlearning" yaml:"unlearning"`
}

// WithoutAttribution returns the cell without its attribution: the training of the model that answers the
// queries.
func (c Cell) WithoutAttribution() Cell {
	c.Attribution = nil
	return c
}

// UnlearnedImages returns the number of images that pass through the gradient steps that unlearn one
// agent's images. The cell must have an attribution.
func (c Cell) UnlearnedImages() int64 {
	return 2 * int64(c.Attribution.Unlearning.Steps) * int64(c.Training.Batch)
}
