package worker

import (
	"backfire/defenses/vote"
	"backfire/experiments/ballots"
)

// writeRankings writes the classes of each probe in the order of the model's probabilities into the session's
// directory.
func (s *session) writeRankings(model TrainedModel) error {
	values, err := model.Probabilities(s.deal.Probes.Images)
	if err != nil {
		return err
	}
	return s.writeBallots(values)
}

// writeBallots does the work of writeRankings, given a value for each class of each probe, such as its probability.
func (s *session) writeBallots(values []float32) error {
	ballots := ballots.Ballots{Probes: s.deal.Probes.List, Classes: len(s.Cell.Data.Classes)}
	for probe, predicted := range s.predicted {
		own := values[probe*ballots.Classes : (probe+1)*ballots.Classes]
		ballots.Order = append(ballots.Order, vote.Rank(own, int(predicted))...)
	}
	return ballots.Write(s.dir, s.Cell)
}
