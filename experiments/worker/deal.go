package worker

import (
	"slices"

	"backfire/datasets"
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
)

// Deal is the game of a cell, dealt, with the training set as the cell's defense leaves it. It
// follows from the cell and its images alone, so that dealing it again gives the same images.
type Deal struct {
	Cell     cell.Cell
	Game     *game.Game
	Training *game.TrainingSet // over all segments
	Probes   *game.Probes
	// Normalization is that of the first segment's images and serves all segments: no image has a
	// part in a model before its owner has entered.
	Normalization store.Normalization

	unfiltered []game.Row // the rows before the filter; nil without one
	removed    []int      // of these, the positions that the filter removed; nil without a filter

	simulated []int // by row of Training, see cell.Cell.TrainingSet
	segments  []cell.Segment
}

// NewDeal deals the game of a cell on its images. The error is that of game.New, of
// cell.Cell.TrainingSet or of cell.Cell.Segments.
func NewDeal(set *datasets.Set, c cell.Cell) (*Deal, error) {
	return newDeal(c, newGameCache(set, c.Game))
}

// newDeal stamps the training set of a cell from the game that it shares with others.
func newDeal(c cell.Cell, cache *gameCache) (*Deal, error) {
	d := &Deal{Cell: c}
	var err error
	if d.Game, err = cache.game(); err != nil {
		return nil, err
	}
	if d.Training, d.simulated, err = c.TrainingSet(cache.training(), d.Game.Triggers()); err != nil {
		return nil, err
	}
	if d.segments, err = c.Segments(); err != nil {
		return nil, err
	}
	d.Probes = cache.probes()
	d.Normalization = normalization(d.segmentSet(0).Images, d.Training.Shape)
	return d, nil
}

// Files returns the parts of a result's files that follow from the deal: cell, rows, images and
// simulated triggers.
func (d *Deal) Files() store.ResultFiles {
	return store.ResultFiles{Cell: d.Cell, Rows: d.Training.Rows, Images: d.Training.Images, Simulated: d.simulated}
}

// lastSegment returns the position of the last segment.
func (d *Deal) lastSegment() int { return len(d.segments) - 1 }

// segmentAt returns the position of the segment that a training is in after a number of epochs.
func (d *Deal) segmentAt(epochs int) int {
	at := 0
	for at < d.lastSegment() && d.segments[at].End <= epochs {
		at++
	}
	return at
}

// segmentSet returns the training set of a segment.
func (d *Deal) segmentSet(at int) *game.TrainingSet {
	if len(d.segments) == 1 {
		return d.Training
	}
	return indexing.Select(d.Training, d.segments[at].Agents)
}

// segmentRows returns the number of rows of a segment's training set.
func (d *Deal) segmentRows(at int) int {
	rows := 0
	for _, row := range d.Training.Rows {
		if row.Owner == game.Defender || slices.Contains(d.segments[at].Agents, row.Owner) {
			rows++
		}
	}
	return rows
}

// passingImages returns the number of images that pass through the training step in an epoch of a
// segment.
func (d *Deal) passingImages(at int) int { return d.Cell.PassingImages(d.segmentRows(at)) }

// rowsByAgent returns the rows of the training set that each agent owns, by its position.
func (d *Deal) rowsByAgent() [][]int {
	rows := make([][]int, d.Cell.Game.SeatCount())
	for i, row := range d.Training.Rows {
		if row.Owner != game.Defender {
			rows[row.Owner] = append(rows[row.Owner], i)
		}
	}
	return rows
}
