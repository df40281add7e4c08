package report

import (
	"fmt"
	"slices"

	"backfire/claims"
	"backfire/experiments/plan"
	"backfire/paper"
	"backfire/report/table"
)

// row3 is a row of table 3.
type row3 struct {
	defender string
	label    string
	printed  paper.Defense
}

// rows3 are the paper's rows of table 3. Its data augmentation is CutMix.
var rows3 = []row3{
	{plan.Undefended, "no defense", paper.NoDefense},
	{claims.CutMix, "data augmentation", paper.DataAugmentation},
	{claims.AgentAugmentation, "agent augmentation", paper.AgentAugmentation},
	{claims.AgentIndexing, "agent indexing", paper.AgentIndexing},
}

// table3 fills table 3: a row for each defense and a column for each number of
// attackers, with mean and deviation of the ASR and, in brackets, the standard accuracy.
func (b *builder) table3() {
	t := b.table
	t.Title = fmt.Sprintf("Table 3 on %s: ASR (in brackets: standard accuracy) by defense and number of attackers N", t.Dataset)
	t.Heads = []string{"defense"}
	var ns []int
	if b.paper != nil {
		ns = slices.Clone(b.paper.Table3.N)
	}
	rows := slices.Clone(rows3)
	for _, s := range b.all {
		ns = append(ns, s.n)
		if !slices.ContainsFunc(rows, func(r row3) bool { return r.defender == s.defender }) {
			rows = append(rows, row3{defender: s.defender, label: s.defender})
		}
	}
	slices.Sort(ns)
	ns = slices.Compact(ns)
	for _, n := range ns {
		t.Columns = append(t.Columns, table.Column{Head: fmt.Sprintf("N = %d", n)})
	}
	readings := b.names()
	if len(readings) > 1 {
		t.Heads = []string{"reading", "defense"}
	}
	for _, reading := range readings {
		for _, r := range rows {
			row := table.Row{Labels: []string{reading, r.label}[2-len(t.Heads):], Defender: r.defender}
			for _, n := range ns {
				row.Entries = append(row.Entries, b.defenseEntry(reading, r, n))
			}
			t.Rows = append(t.Rows, row)
		}
	}
}

// names returns the names that the sweep file gives its points, in their order; one
// empty name if it gives none.
func (b *builder) names() []string {
	var names []string
	for _, s := range b.all {
		if !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
	}
	return names
}

// defenseEntry returns the entry of table 3 for a reading, a defense and a number of
// attackers.
func (b *builder) defenseEntry(reading string, r row3, n int) table.Entry {
	i := slices.IndexFunc(b.all, func(s *series) bool { return s.name == reading && s.defender == r.defender && s.n == n })
	s, marks := &series{n: n}, []string{}
	if i < 0 {
		marks = append(marks, b.table.Mark("Not part of this sweep."))
	} else {
		s = b.all[i]
		marks = append(b.gameMarks(s), b.drawMarks(s, s.everyone()...)...)
	}
	asr, clean := s.asr(), s.clean()
	asr.Spread = true
	if printed, ok := b.paperGame(r.printed, n); ok {
		asr, clean = asr.BesideSpread(printed.MeanASR, printed.StdASR), clean.Beside(printed.CleanAccuracy)
	}
	return table.Entry{Values: []table.Value{asr, clean.InBrackets()}, Marks: marks}
}

// paperGame returns the paper's figures for an entry of table 3, and whether it has
// any.
func (b *builder) paperGame(defense paper.Defense, n int) (paper.Table3Game, bool) {
	if b.paper == nil || b.usual != paperRate {
		return paper.Table3Game{}, false
	}
	row, ok := b.paper.Table3.Row(defense)
	if !ok {
		return paper.Table3Game{}, false
	}
	i := slices.IndexFunc(row.Games, func(g paper.Table3Game) bool { return g.N == n })
	if i < 0 {
		return paper.Table3Game{}, false
	}
	return row.Games[i], true
}
