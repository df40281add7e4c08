package report

import (
	"cmp"
	"fmt"
	"slices"

	"backfire/experiments"
	"backfire/stats"
)

// unknownOf returns how a game's queries without an index were answered by a
// way, if they were.
func unknownOf(g *experiments.GameSummary, way experiments.UnknownIndex) (experiments.UnknownIndex, bool) {
	i := slices.IndexFunc(g.Unknown, func(u experiments.UnknownIndex) bool {
		return u.Update == way.Update && u.Query == way.Query && u.Similarity == way.Similarity
	})
	if i < 0 {
		return experiments.UnknownIndex{}, false
	}
	return g.Unknown[i], true
}

// unknown keeps the games that are asked without an index, and has a row for each
// update, form of query and way to guess.
func (b *builder) unknown() {
	t := b.table
	t.Title = "Queries without an index on " + t.Dataset + ": " + cmp.Or(b.opt.Title, t.Name)
	several := len(b.all) > 1
	if several {
		t.Heads = append(t.Heads, "game")
	}
	t.Heads = append(t.Heads, "update", "query", "similarity")
	for _, head := range []string{"guess", "acc.", "ASR mean ± std", "robust.", "images"} {
		t.Columns = append(t.Columns, Column{Head: head})
	}
	for _, s := range b.all {
		for _, way := range s.complete()[0].game.Unknown {
			var of []experiments.UnknownIndex
			for _, p := range s.complete() {
				if u, ok := unknownOf(p.game, way); ok {
					of = append(of, u)
				}
			}
			row := Row{Labels: []string{string(way.Update), string(way.Query), way.Similarity}, Cells: unknownCells(of)}
			if several {
				row.Labels = slices.Insert(row.Labels, 0, fmt.Sprintf("%s, N = %d", s.defender, s.n))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.Notes = append(t.Notes,
		"In percent. Guess: queries of an attacker with its trigger that are taken for its own; \"random\" and \"perfect\" bound every way to guess. "+
			"acc., ASR and robust.: standard accuracy, attack success rate and robustness accuracy of the answers. "+
			"Images: through training steps, in percent of the game without a defense, as if every attacker were guessed at least once. "+b.interval(),
		b.scale(), "Readings: "+readingsTexts(b.table.Readings)+".",
	)
}

// unknownCells are the cells of one way, over its seeds.
func unknownCells(of []experiments.UnknownIndex) []Cell {
	values := func(quantity Quantity, value func(experiments.UnknownIndex) float64) Cell {
		var all []float64
		for _, u := range of {
			all = append(all, value(u))
		}
		return cellOf(newFigure(quantity, all))
	}
	var asr []stats.Summary
	for _, u := range of {
		asr = append(asr, u.ASR)
	}
	return []Cell{
		values(QuantityTopOne, func(u experiments.UnknownIndex) float64 { return u.TopOne.Value() }),
		values(QuantityClean, func(u experiments.UnknownIndex) float64 { return u.CleanAccuracy.Value() }),
		cellOf(newSpread(QuantityASR, asr)),
		values(QuantityRobust, func(u experiments.UnknownIndex) float64 { return float64(u.Robustness.Mean) }),
		values(QuantityCost, func(u experiments.UnknownIndex) float64 {
			if u.Cost.Undefended == 0 {
				return float64(stats.Undefined())
			}
			return float64(u.Cost.Images) / float64(u.Cost.Undefended)
		}),
	}
}
