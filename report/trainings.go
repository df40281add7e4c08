package report

import (
	"fmt"
	"slices"

	"backfire/game"
	"backfire/report/table"
	"backfire/stats"
)

// perSeed holds values of games by their seed. A game that is trained several times has one
// value for each training.
type perSeed[T any] struct {
	seeds  []uint64 // in the order of their first value
	values map[uint64][]T
}

// add adds a value.
func (v *perSeed[T]) add(seed uint64, value T) {
	if v.values == nil {
		v.values = map[uint64][]T{}
	}
	if v.values[seed] == nil {
		v.seeds = append(v.seeds, seed)
	}
	v.values[seed] = append(v.values[seed], value)
}

// joined returns one value for each seed: what join makes of several, or the only one.
func (v *perSeed[T]) joined(join func([]T) T) []T {
	var values []T
	for _, seed := range v.seeds {
		if of := v.values[seed]; len(of) == 1 {
			values = append(values, of[0])
		} else {
			values = append(values, join(of))
		}
	}
	return values
}

// meanMeasured returns the mean over the trainings of a seed. They are measured on the same
// images.
func meanMeasured(of []table.Measured) table.Measured {
	mean := table.Measured{Value: float64(stats.Over(of, func(m table.Measured) float64 { return m.Value }).Mean)}
	for _, m := range of {
		mean.Images = max(mean.Images, m.Images)
	}
	return mean
}

// meanSpread returns the mean over the trainings of a seed, and the mean of their standard
// deviations over the attackers.
func meanSpread(of []table.MeasuredSpread) table.MeasuredSpread {
	mean := table.MeasuredSpread{Over: of[0].Over}
	mean.Over.Mean = stats.Over(of, func(m table.MeasuredSpread) float64 { return float64(m.Over.Mean) }).Mean
	mean.Over.Std = stats.Over(of, func(m table.MeasuredSpread) float64 { return float64(m.Over.Std) }).Mean
	for _, m := range of {
		mean.Images = max(mean.Images, m.Images)
	}
	return mean
}

// overSeeds returns a quantity of every game that has a result and of which of returns true.
func (s *series) overSeeds(quantity table.Quantity, of func(p played) (table.Measured, bool)) table.Value {
	return table.NewValue(quantity, s.perSeed(of))
}

// perSeed returns a value of each seed: the mean over its trainings.
func (s *series) perSeed(of func(p played) (table.Measured, bool)) []table.Measured {
	var values perSeed[table.Measured]
	for _, p := range s.complete() {
		if value, ok := of(p); ok {
			values.add(p.point.Seed, value)
		}
	}
	return values.joined(meanMeasured)
}

// spread returns a quantity over the attackers of every game that has a result and of which
// of returns true.
func (s *series) spread(quantity table.Quantity, of func(p played) (table.MeasuredSpread, bool)) table.Value {
	var values perSeed[table.MeasuredSpread]
	for _, p := range s.complete() {
		if value, ok := of(p); ok {
			values.add(p.point.Seed, value)
		}
	}
	return table.NewSpread(quantity, values.joined(meanSpread))
}

// trainings returns the largest number of trainings of a game.
func (b *builder) trainings() int {
	most := 1
	for _, p := range b.pointSummaries() {
		most = max(most, p.Repetition)
	}
	return most
}

// seedText returns the seed of a game, and its training if there are several.
func (p played) seedText() string {
	if p.point.Repetition == 0 {
		return fmt.Sprint(p.point.Seed)
	}
	return fmt.Sprintf("%d (training %d)", p.point.Seed, p.point.Repetition)
}

// trainingSeed returns the seed of the training of a game.
func (p played) trainingSeed() uint64 {
	if p.point.Training.Seed != nil {
		return *p.point.Training.Seed
	}
	return p.point.Seed
}

// singles are the single ASRs of the attackers in one training of one seed.
type singles struct {
	seed       uint64
	repetition int
	values     []float64
	images     int
}

// addSingle adds an attacker's single ASR to those of the training of a game.
func addSingle(to []singles, p played, single game.Rate) []singles {
	i := slices.IndexFunc(to, func(s singles) bool { return s.seed == p.point.Seed && s.repetition == p.point.Repetition })
	if i < 0 {
		i, to = len(to), append(to, singles{seed: p.point.Seed, repetition: p.point.Repetition})
	}
	to[i].values, to[i].images = append(to[i].values, single.Value()), to[i].images+single.Of
	return to
}

// singlesOverSeeds returns single ASRs summarised over the attackers, for each seed.
func singlesOverSeeds(of []singles) []table.MeasuredSpread {
	var values perSeed[table.MeasuredSpread]
	for _, s := range of {
		values.add(s.seed, table.MeasuredSpread{Over: stats.Summarize(s.values), Images: s.images})
	}
	return values.joined(meanSpread)
}
