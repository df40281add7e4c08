package worker

import (
	"cmp"
	"slices"

	"backfire/experiments/store"
)

// writeRankings writes the classes of each probe in the order of the model's probabilities into the session's
// directory. The predicted class is the first, also where the rounding of probabilities makes others equal to it.
func (s *session) writeRankings(model TrainedModel) error {
	values, err := model.Probabilities(s.deal.Probes.Images)
	if err != nil {
		return err
	}
	ballots := store.Ballots{Probes: s.deal.Probes.List, Classes: len(s.Cell.Data.Classes)}
	for probe, predicted := range s.predicted {
		own := values[probe*ballots.Classes : (probe+1)*ballots.Classes]
		ballots.Order = append(ballots.Order, rank(own, int(predicted))...)
	}
	return ballots.Write(s.dir, s.Cell)
}

// rank returns all classes: the first one, then the others in descending order of probability, of equals the lower
// first.
func rank(probabilities []float32, first int) []uint16 {
	order := make([]uint16, len(probabilities))
	for class := range order {
		order[class] = uint16(class)
	}
	slices.SortFunc(order, func(a, b uint16) int {
		switch {
		case a == b:
			return 0
		case int(a) == first:
			return -1
		case int(b) == first:
			return 1
		default:
			return cmp.Or(-cmp.Compare(probabilities[a], probabilities[b]), cmp.Compare(a, b))
		}
	})
	return order
}
