package report

import (
	"cmp"
	"slices"
	"strconv"

	"backfire/experiments/summary"
	"backfire/report/table"
	"backfire/stats"
)

// The quantities of the table of values, beside the change of the standard accuracy.
const (
	rankPrecision table.Quantity = "rank_precision"
	rankExpected  table.Quantity = "rank_precision_expected" // of a random ranking
	rankAUC       table.Quantity = "rank_auc"
	lossChange    table.Quantity = "loss_change_nats"
)

// ranked reports whether a game of the series ranks attackers and honest contributors by
// the value of their images.
func (s *series) ranked() bool {
	return slices.ContainsFunc(s.complete(), func(p played) bool { return p.game.Values != nil && p.game.Values.ByAccuracy != nil })
}

// valuesWidth is the number of characters of a line of the table of values.
const valuesWidth = 120

// values fills the table of what agents' images are worth: a row for each agent of each game,
// below one that judges the rankings.
func (b *builder) values() {
	t := b.table
	t.Title = "Value of each agent's images to the defender on " + t.Dataset + ": " + cmp.Or(b.opt.Title, t.Name)
	t.Width = valuesWidth
	heads, labels := b.naming(true)
	t.Heads = slices.Concat(heads, []string{"agent"})
	t.Columns = []table.Column{
		{Group: "change without it", Head: "acc."},
		{Group: "change without it", Head: "loss"},
		{Group: "precision of the ranking", Head: "by acc."},
		{Group: "precision of the ranking", Head: "by loss"},
		{Group: "precision of the ranking", Head: "random"},
		{Group: "AUC", Head: "by acc."},
		{Group: "AUC", Head: "by loss"},
	}
	changes, judgements := 2, len(t.Columns)-2
	for _, s := range b.all {
		t.Rows = append(t.Rows, table.Row{
			Labels: append(labels(s), "all"), Marks: b.gameMarks(s),
			Entries: append(make([]table.Entry, changes), s.judgements()...),
		})
		for i, agent := range s.firstValues().Agents {
			role := "honest"
			if agent.Attacker {
				role = "attacker"
			}
			t.Rows = append(t.Rows, table.Row{
				Labels:  append(labels(s), strconv.Itoa(agent.ID)+" "+role),
				Entries: append(s.valueChanges(i), make([]table.Entry, judgements)...),
			})
		}
	}
	t.Notes = append(t.Notes,
		"On the defender's own held-out images. Change without it: what the removal of an agent's images does to the standard accuracy, in points, and to the loss, in hundredths of a nat. "+
			"The rankings put first the agents whose removal helps most, the suspects. Precision, in percent: of as many first agents as there are attackers, the share of attackers; a perfect ranking has 100. "+
			"AUC, in percent: the pairs of an attacker and an honest contributor in which the attacker comes first; a random ranking has 50, a perfect one 100. "+b.intervals(),
		b.scale(), b.readingsNote(),
	)
}

// firstValues returns the values of the first game of the series that ranks agents.
func (s *series) firstValues() *summary.Values {
	done := s.complete()
	return done[slices.IndexFunc(done, func(p played) bool { return p.game.Values != nil && p.game.Values.ByAccuracy != nil })].game.Values
}

// judgements returns the entries that judge the rankings.
func (s *series) judgements() []table.Entry {
	of := func(quantity table.Quantity, figure func(*summary.RankingQuality) stats.Number, quality func(*summary.Values) *summary.RankingQuality) table.Entry {
		return table.EntryOf(table.NewValue(quantity, s.seeds(func(g *summary.GameSummary) float64 {
			if g.Values == nil || quality(g.Values) == nil {
				return float64(stats.Undefined())
			}
			return float64(figure(quality(g.Values)))
		}, noImages)))
	}
	byAccuracy := func(v *summary.Values) *summary.RankingQuality { return v.ByAccuracy }
	byLoss := func(v *summary.Values) *summary.RankingQuality { return v.ByLoss }
	precision := func(q *summary.RankingQuality) stats.Number { return q.Precision }
	auc := func(q *summary.RankingQuality) stats.Number { return q.AUC }
	return []table.Entry{
		of(rankPrecision, precision, byAccuracy), of(rankPrecision, precision, byLoss),
		of(rankExpected, func(q *summary.RankingQuality) stats.Number { return q.Random }, byAccuracy),
		of(rankAUC, auc, byAccuracy), of(rankAUC, auc, byLoss),
	}
}

// valueChanges returns the entries of the changes that the removal of the agent at a position
// makes.
func (s *series) valueChanges(agent int) []table.Entry {
	of := func(quantity table.Quantity, change func(*summary.Values) float64) table.Entry {
		return table.EntryOf(table.NewValue(quantity, s.seeds(func(g *summary.GameSummary) float64 {
			if g.Values == nil || agent >= len(g.Values.Agents) || g.Values.CleanAccuracy == nil {
				return float64(stats.Undefined())
			}
			return change(g.Values)
		}, noImages)))
	}
	return []table.Entry{
		of(table.QuantityCleanChange, func(v *summary.Values) float64 {
			return v.Agents[agent].CleanAccuracy.Value() - v.CleanAccuracy.Value()
		}),
		of(lossChange, func(v *summary.Values) float64 {
			without := v.Agents[agent].CleanLoss
			if without == nil || v.CleanLoss == nil {
				return float64(stats.Undefined())
			}
			return *without - *v.CleanLoss
		}),
	}
}
