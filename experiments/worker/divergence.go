package worker

import (
	"fmt"

	"backfire/defenses"
	"backfire/defenses/divergence"
	"backfire/defenses/features"
	"backfire/experiments/store"
	"backfire/game"
)

// divergenceRows is the number of rows of an owner's images of a class, with and without triggers,
// that divergences are measured on: few enough that a measurement costs a small part of a training,
// and enough for ranks.
const divergenceRows = 100

// writeDivergences measures divergences and writes them into the session's directory.
func (s *session) writeDivergences(model TrainedModel) error {
	measured, err := s.measureDivergences(model)
	if err != nil {
		return fmt.Errorf("worker: measure divergences: %w", err)
	}
	return measured.Write(s.dir)
}

// measureDivergences compares the owners by the trained model's features of its training set.
func (s *session) measureDivergences(model TrainedModel) (*store.Divergences, error) {
	data := divergence.Data{Labels: s.deal.Training.Labels}
	for i, row := range s.deal.Training.Rows {
		data.Owners = append(data.Owners, row.Owner)
		data.Triggered = append(data.Triggered, row.Trigger != game.NoTrigger || s.deal.stampedByDefender(i))
	}
	seed := s.Cell.Game.Seed
	var err error
	if data.Looked, err = divergence.Sample(data, divergenceRows, seed); err != nil {
		return nil, err
	}
	size := s.deal.Training.Shape.Size()
	images := make([]uint8, 0, len(data.Looked)*size)
	for _, row := range data.Looked {
		images = append(images, s.deal.Training.Images[row*size:(row+1)*size]...)
	}
	values, err := model.Features(images)
	if err != nil {
		return nil, err
	}
	width := len(values) / len(data.Looked)
	if data.Features, err = features.New(values, width); err != nil {
		return nil, err
	}
	list, err := divergence.Measure(data, seed)
	if err != nil {
		return nil, err
	}
	ids := s.Cell.Game.AgentIDs()
	for i, d := range list {
		if d.Agent != game.Defender {
			list[i].Agent = ids[d.Agent]
		}
	}
	return &store.Divergences{
		Cell: s.hash, Looked: len(data.Looked), Features: width, Divergences: list,
	}, nil
}

// stampedByDefender reports whether a row carries the trigger of a simulated attacker.
func (d *Deal) stampedByDefender(row int) bool {
	return d.simulated != nil && d.simulated[row] != defenses.NotSimulated
}
