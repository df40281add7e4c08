package claims

import (
	"cmp"
	"fmt"

	"backfire/stats"
)

// repetition is one training of the games of one seed. Games are compared within it, and the
// mean over the repetitions of a seed is the seed's value.
type repetition struct {
	seed     uint64
	training int // 0: the only one
}

// repetitionOf returns the repetition of a game.
func repetitionOf(g Game) repetition { return repetition{g.Seed, g.Training} }

// compareRepetitions orders repetitions by seed, then by training.
func compareRepetitions(a, b repetition) int {
	return cmp.Or(cmp.Compare(a.seed, b.seed), cmp.Compare(a.training, b.training))
}

// String returns the seed, with the training if there are several: "3 (training 2)".
func (r repetition) String() string {
	if r.training == 0 {
		return fmt.Sprint(r.seed)
	}
	return fmt.Sprintf("%d (training %d)", r.seed, r.training)
}

// meanOfSeeds returns one value for each seed, the mean of its values. Values of one seed
// are neighbours.
func meanOfSeeds(values []SeedValue) []SeedValue {
	means := make([]SeedValue, 0, len(values))
	for first := 0; first < len(values); {
		end := first
		for end < len(values) && values[end].Seed == values[first].Seed {
			end++
		}
		mean := stats.Over(values[first:end], func(v SeedValue) float64 { return v.Value }).Mean
		if end == first+1 {
			mean = stats.Number(values[first].Value)
		}
		means = append(means, SeedValue{values[first].Seed, float64(mean)})
		first = end
	}
	return means
}
