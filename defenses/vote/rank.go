package vote

import (
	"cmp"
	"slices"
)

// Rank returns all classes, the one that the model predicts first, then the others in
// descending order of their probabilities, of equals the lower first. probabilities are by
// class; rounding may make others equal to the predicted one's.
func Rank(probabilities []float32, predicted int) []uint16 {
	order := make([]uint16, len(probabilities))
	for class := range order {
		order[class] = uint16(class)
	}
	slices.SortFunc(order, func(a, b uint16) int {
		switch {
		case a == b:
			return 0
		case int(a) == predicted:
			return -1
		case int(b) == predicted:
			return 1
		default:
			return cmp.Or(-cmp.Compare(probabilities[a], probabilities[b]), cmp.Compare(a, b))
		}
	})
	return order
}

// Count returns the outcome of a vote about one image by a rule. rankings holds, for each
// model, all classes with the predicted one first; see RunOffOf. MajorityOf looks at the
// first ones alone.
func Count(rule Rule, rankings [][]uint16) Outcome {
	if rule == RunOff {
		return RunOffOf(rankings)
	}
	votes := make([]uint16, len(rankings))
	for i, ranking := range rankings {
		votes[i] = ranking[0]
	}
	return MajorityOf(votes, len(rankings[0]))
}
