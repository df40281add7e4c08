package worker

import (
	"fmt"

	"backfire/defenses"
	"backfire/defenses/divergence"
	"backfire/defenses/features"
	"backfire/experiments/store"
	"backfire/game"
)

// divergenceRows is how many rows of an owner's images of a class, with and
// without triggers, divergences are measured on: few enough that a measurement
// costs a small part of a training, enough for ranks.
const divergenceRows = 100

// writeDivergences measures divergences and writes them into the job's directory,
// if they are asked for.
func (p *Session) writeDivergences(model TrainedModel) error {
	if !p.Job.Artefacts.Divergence {
		return nil
	}
	measured, err := p.measureDivergences(model)
	if err != nil {
		return fmt.Errorf("experiments: measure divergences: %w", err)
	}
	return measured.Write(p.Job.Dir)
}

// measureDivergences asks the trained model for features of its training set and
// compares the owners.
func (p *Session) measureDivergences(model TrainedModel) (*store.Divergences, error) {
	data := divergence.Data{Labels: p.Training.Labels}
	for i, row := range p.Training.Rows {
		data.Owners = append(data.Owners, row.Owner)
		data.Triggered = append(data.Triggered, row.Trigger != game.NoTrigger || p.stampedByDefender(i))
	}
	seed := p.Job.Cell.Game.Seed
	var err error
	if data.Looked, err = divergence.Sample(data, divergenceRows, seed); err != nil {
		return nil, err
	}
	size := p.Training.Shape.Size()
	images := make([]uint8, 0, len(data.Looked)*size)
	for _, row := range data.Looked {
		images = append(images, p.Training.Images[row*size:(row+1)*size]...)
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
	for i, d := range list {
		if d.Agent != game.Defender {
			list[i].Agent = p.Job.Cell.Game.Attackers[d.Agent].ID
		}
	}
	return &store.Divergences{
		Cell: p.Hash, Looked: len(data.Looked), Features: width, Divergences: list,
	}, nil
}

// stampedByDefender says whether a row carries a simulated attacker's trigger.
func (p *Session) stampedByDefender(row int) bool {
	return p.simulated != nil && p.simulated[row] != defenses.NotSimulated
}
