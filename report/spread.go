package report

import (
	"slices"

	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/report/table"
	"backfire/stats"
)

// spreads adds how much of each game's spread over the seeds is its own and how much is its
// trainings', where it was trained several times.
func (b *builder) spreads() error {
	if b.trainings() < 2 {
		return nil
	}
	for _, s := range b.all {
		for _, figure := range spreadFigures {
			row, ok, err := b.spreadRow(s, figure)
			if err != nil {
				return err
			}
			if ok {
				b.table.Spreads = append(b.table.Spreads, row)
			}
		}
	}
	return nil
}

// spreadFigure is a figure whose spread is told.
type spreadFigure struct {
	quantity table.Quantity
	single   bool
	// of returns a value for each attacker, or one for all.
	of func(g *summary.GameSummary) []float64
}

var spreadFigures = []spreadFigure{
	{table.QuantityASR, false, func(g *summary.GameSummary) []float64 { return []float64{float64(g.ASR.Mean)} }},
	{table.QuantityASR, true, func(g *summary.GameSummary) []float64 {
		var values []float64
		for _, a := range g.Attackers {
			values = append(values, a.ASR.Value())
		}
		return values
	}},
	{table.QuantityInterference, false, func(g *summary.GameSummary) []float64 {
		mean := stats.Over(g.Attackers, func(a summary.GameAttacker) float64 { return interference(&a) }).Mean
		return []float64{float64(mean)}
	}},
	{table.QuantityClean, false, func(g *summary.GameSummary) []float64 { return []float64{g.CleanAccuracy.Value()} }},
}

// spreadRow returns the spread of a figure of a series, and false where it does not tell:
// the figure was not measured, it is that of single attackers who are not alike, or no seed
// has several trainings.
func (b *builder) spreadRow(s *series, figure spreadFigure) (table.SpreadRow, bool, error) {
	if figure.single && (s.n == 1 || !s.attackersAlike()) {
		return table.SpreadRow{}, false, nil
	}
	design, leftOut := s.nested(figure.of)
	if len(design) == 0 {
		return table.SpreadRow{}, false, nil
	}
	row := table.SpreadRow{Game: b.spreadGame(s), Quantity: figure.quantity, Single: figure.single, LeftOut: leftOut, Method: spreadBetting}
	const confidence = 0.95
	var err error
	if figure.quantity == table.QuantityClean {
		row.Method = spreadNormal
		row.Components, err = design.NormalComponents(confidence)
	} else {
		row.Components, err = design.Components(rangeOf(figure.quantity, design), confidence)
	}
	return row, err == nil, err
}

// rangeOf returns the range of a quantity, twice as wide if a value leaves it, as a
// difference of lifts may.
func rangeOf(q table.Quantity, design stats.Nested) stats.Range {
	within, _ := q.Within()
	for _, seed := range design {
		for _, values := range seed {
			if slices.Max(values) > within.High || slices.Min(values) < within.Low {
				return stats.Range{Low: min(0, 2*within.Low), High: 2 * within.High}
			}
		}
	}
	return within
}

// nested returns the values of a figure by seed and training, of the seeds that have all
// trainings, and the other seeds. It is empty if the figure is undefined in one of them.
func (s *series) nested(of func(g *summary.GameSummary) []float64) (design stats.Nested, leftOut []uint64) {
	trainings := 0
	var seeds []uint64
	bySeed := map[uint64][][]float64{}
	for _, p := range s.games {
		if trainings = max(trainings, p.point.Repetition); !slices.Contains(seeds, p.point.Seed) {
			seeds = append(seeds, p.point.Seed)
		}
		if !p.game.Complete {
			continue
		}
		values := of(p.game)
		if slices.ContainsFunc(values, func(x float64) bool { return !stats.Number(x).Defined() }) {
			return nil, nil
		}
		bySeed[p.point.Seed] = append(bySeed[p.point.Seed], values)
	}
	leftOut = []uint64{}
	for _, seed := range seeds {
		if of := bySeed[seed]; trainings > 1 && len(of) == trainings {
			design = append(design, of)
		} else {
			leftOut = append(leftOut, seed)
		}
	}
	return design, leftOut
}

// attackersAlike reports whether the attackers of a series differ in nothing but their images
// and triggers, so that their ASRs are draws from one distribution.
func (s *series) attackersAlike() bool {
	all := s.strengths()
	return !slices.ContainsFunc(all, func(a strength) bool { return a != all[0] })
}

// spreadGame describes a series.
func (b *builder) spreadGame(s *series) string {
	name := b.gameName(s)
	if s.name != "" && s.name != b.table.Name {
		name = s.name + ", " + name
	}
	if s.defender != plan.Undefended && !slices.ContainsFunc(b.all, func(o *series) bool { return o.defender != s.defender }) {
		name += ", " + defenderName(s.defender)
	}
	return name
}

// The methods of the intervals of a spread.
const (
	spreadBetting = "betting"
	spreadNormal  = "normal"
)
