package worker

import (
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/store"
	"backfire/game"
)

// scorer scores the model of a training after epochs.
type scorer struct {
	deal      *Deal
	positions []int        // of the scored probes
	list      []game.Probe // these probes
	images    []uint8      // theirs
}

// newScorer returns the scorer of a learning curve; nil if none is asked for.
func newScorer(d *Deal, request curve.Request) *scorer {
	if request.Every == 0 {
		return nil
	}
	s := &scorer{deal: d, positions: curve.Sample(d.Cell.Game, d.Probes.List, request.Images)}
	if len(s.positions) == len(d.Probes.List) {
		s.list, s.images = d.Probes.List, d.Probes.Images
		return s
	}
	size := d.Probes.Shape.Size()
	s.images = make([]uint8, 0, len(s.positions)*size)
	for _, at := range s.positions {
		s.list = append(s.list, d.Probes.List[at])
		s.images = append(s.images, d.Probes.Images[at*size:(at+1)*size]...)
	}
	return s
}

// score returns the scores that predictions for the scored probes give.
func (s *scorer) score(predicted []uint16) *curve.Scores {
	return curve.Score(s.deal.Cell.Game, len(s.deal.Cell.Data.Classes), s.list, predicted)
}

// scoreEpoch returns the scores of the learning curve after an epoch, from 1; nil if it has none
// there. The last epoch's follow from the predictions for all probes, which are kept for the result.
// The model is in the same state as before.
func (t *training) scoreEpoch(model TrainedModel, epoch, epochs int) (*curve.Scores, error) {
	if !t.request.Artefacts.Curve.Wants(epoch, epochs) {
		return nil, nil
	}
	t.watch.enter(cell.PhaseEvaluate)
	if epoch < epochs {
		defer t.watch.enter(cell.PhaseTrain)
		predicted, err := model.Predict(t.scorer.images)
		if err != nil {
			return nil, err
		}
		return t.scorer.score(predicted), nil
	}
	var err error
	if t.predicted, err = model.Predict(t.deal.Probes.Images); err != nil {
		return nil, err
	}
	predicted := make([]uint16, len(t.scorer.positions))
	for i, at := range t.scorer.positions {
		predicted[i] = t.predicted[at]
	}
	return t.scorer.score(predicted), nil
}

// scoredFor returns the epochs of a checkpoint with the scores that a learning curve of so many
// epochs asks for and no others, and reports whether the checkpoint has them.
func (c *checkpoint) scoredFor(request curve.Request, epochs int) ([]store.EpochMetrics, bool) {
	list := slices.Clone(c.epochs)
	for i := range list {
		if !request.Wants(list[i].Epoch, epochs) {
			list[i].Scores = nil
			continue
		}
		if list[i].Scores == nil || c.curve.Images != request.Images {
			return nil, false
		}
	}
	return list, true
}
