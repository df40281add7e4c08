package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"backfire/experiments/removed"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/table"
	"backfire/stats"
)

// filtered reports whether a filter removed images in a game of the series.
func (s *series) filtered() bool {
	return slices.ContainsFunc(s.complete(), func(p played) bool { return p.game.Filter != nil })
}

// filters fills the table of what filters removed: a row for each agent of each game, below
// one for all agents together.
func (b *builder) filters() {
	t := b.table
	t.Title = "Images that filters removed on " + t.Dataset + ": " + cmp.Or(b.opt.Title, t.Name)
	heads, labels := b.naming(true)
	t.Heads = slices.Concat(heads, []string{"agent"})
	for _, head := range []string{"precision", "recall", "honest lost"} {
		t.Columns = append(t.Columns, table.Column{Head: head})
	}
	classes := b.all[0].complete()[0].point.Data.Classes
	for _, class := range classes {
		t.Columns = append(t.Columns, table.Column{Group: "honest images lost, of class", Head: class})
	}
	for _, s := range b.all {
		all := s.filterRates(func(f *removed.Counts) (precision, recall, lost game.Rate) {
			return f.Precision, f.Recall, f.HonestLost
		})
		row := table.Row{Labels: append(labels(s), "all"), Marks: b.gameMarks(s), Entries: all}
		agents := s.complete()[0].game.Filter.Agents
		for class := range classes {
			row.Entries = append(row.Entries, s.lostOf(class, func(removed.Agent) bool { return true }))
		}
		t.Rows = append(t.Rows, row)
		for i, agent := range agents {
			row := table.Row{
				Labels: append(labels(s), strconv.Itoa(agent.ID)),
				Entries: s.filterRates(func(f *removed.Counts) (precision, recall, lost game.Rate) {
					return f.Agents[i].Precision, f.Agents[i].Recall, f.Agents[i].HonestLost
				}),
			}
			for class := range classes {
				row.Entries = append(row.Entries, s.lostOf(class, func(a removed.Agent) bool { return a.ID == agent.ID }))
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.Width = filtersWidth
	t.Notes = append(t.Notes,
		"In percent. Precision: of the removed images those with an attacker's trigger. Recall: of the images with one those that were removed. "+
			"Honest lost: of the images without one those that were removed; on the right the mean number of them, by class. "+
			"An attacker's images without a trigger count as honest ones. "+b.intervals(),
		b.scale(), b.readingsNote(),
	)
}

// filtersWidth is the number of characters of a line of the table of filters.
const filtersWidth = 160

// filterRates returns the entries of three rates of what a filter removed.
func (s *series) filterRates(of func(*removed.Counts) (precision, recall, lost game.Rate)) []table.Entry {
	var values [3][]table.Measured
	for _, p := range s.complete() {
		if p.game.Filter == nil {
			continue
		}
		precision, recall, lost := of(p.game.Filter)
		for i, rate := range []game.Rate{precision, recall, lost} {
			value := table.Measured{Value: float64(stats.Undefined()), Images: rate.Of}
			if rate.Of > 0 {
				value.Value = rate.Value()
			}
			values[i] = append(values[i], value)
		}
	}
	entries := make([]table.Entry, len(values))
	for i, quantity := range []table.Quantity{table.QuantityPrecision, table.QuantityRecall, table.QuantityHonestLost} {
		entries[i] = table.EntryOf(table.NewValue(quantity, values[i]))
	}
	return entries
}

// lostOf returns the mean number of honest images of a class that a filter removed of some
// agents.
func (s *series) lostOf(class int, counts func(removed.Agent) bool) table.Entry {
	sum, games := 0, 0
	for _, p := range s.complete() {
		if p.game.Filter == nil {
			continue
		}
		games++
		for _, a := range p.game.Filter.Agents {
			if counts(a) {
				sum += a.LostByClass[class]
			}
		}
	}
	return table.Entry{Caption: strconv.FormatFloat(float64(sum)/float64(max(1, games)), 'f', -1, 64)}
}

// score returns the score of the Anti-BAD challenge, a share in [0, 1]: the square root of
// standard accuracy times (1 - ASR).
func (s *series) score() table.Value {
	return table.NewValue(table.QuantityScore, s.seeds(func(g *summary.GameSummary) float64 {
		return antiBAD(g.CleanAccuracy.Value(), float64(g.ASR.Mean))
	}, noImages))
}

// lift returns the lift, the mean over the attackers.
func (s *series) lift() table.Value {
	return table.NewValue(table.QuantityLift, s.seeds(func(g *summary.GameSummary) float64 { return float64(g.Lift.Mean) }, played.attackersImages))
}

// filterText returns a phrase with the precision and recall of a series' filter, for a
// footnote.
func (s *series) filterText() string {
	rates := s.filterRates(func(f *removed.Counts) (precision, recall, lost game.Rate) {
		return f.Precision, f.Recall, f.HonestLost
	})
	percent := func(i int) string { return fmt.Sprintf("%.1f %%", 100*float64(rates[i].Values[0].Mean)) }
	return fmt.Sprintf("Its filter removed images with a precision of %s and a recall of %s, and %s of the honest ones.", percent(0), percent(1), percent(2))
}
