package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"backfire/paper"
	"backfire/report/table"
	"backfire/stats"
)

// table1 fills table 1: a row for each game, in the order of the sweep, with each
// attacker's ASR, below a row with each trigger's single ASR.
func (b *builder) table1() {
	t := b.table
	t.Title = fmt.Sprintf("Table 1 on %s: how the ASR varies with the poison rate p", t.Dataset)
	t.Heads = []string{"game"}
	attackers := b.attackerColumns(b.all)
	t.Columns = append(t.Columns, table.Column{Head: "mean ± std"}, table.Column{Head: "base rate"}, table.Column{Head: "acc."})
	compared := b.besidesSingles()
	b.comparedColumns(compared)
	if row, ok := b.singlesRow(attackers); ok {
		t.Rows = append(t.Rows, row)
	}
	for _, s := range b.all {
		row := table.Row{Labels: []string{strings.TrimSuffix(fmt.Sprintf("N = %d, %s", s.n, strengthText(s.strengths(), b.strength)), ", ") + s.defended()}, Marks: append(b.gameMarks(s), b.ownSingles(s)...)}
		compareRow(&row, s)
		printed := b.paperRates(s)
		for i := range attackers {
			row.Entries = append(row.Entries, b.attackerEntry(s, i, printed))
		}
		row.Entries = append(row.Entries, table.EntryOf(besideMean(s.asr(), printed)), table.EntryOf(s.baseRate()), table.EntryOf(s.clean()))
		row.Entries = append(row.Entries, s.comparedEntries(compared)...)
		t.Rows = append(t.Rows, row)
	}
}

// paperRates returns the paper's figures for a game of table 1, nil if it has
// none.
func (b *builder) paperRates(s *series) []float64 {
	if b.paper == nil || s.defended() != "" {
		return nil
	}
	for _, r := range b.paper.Table1.Rows {
		if slices.Equal(r.Rates, s.rates()) && b.sizesFollow(s) {
			return r.ASR
		}
	}
	return nil
}

// sizesFollow reports whether those attackers of a series have triggers of another size
// than usual that have another poison rate, as the paper's p sets both.
func (b *builder) sizesFollow(s *series) bool {
	return !slices.ContainsFunc(s.strengths(), func(a strength) bool {
		return (a.p0 != b.usual) != (a.p1 != b.strength.p1 || a.p2 != b.strength.p2)
	})
}

// besideMean returns a value beside the mean and the standard deviation of the paper's
// figures, in percent.
func besideMean(v table.Value, printed []float64) table.Value {
	if len(printed) == 0 {
		return v
	}
	over := stats.Summarize(printed)
	return v.BesideSpread(float64(over.Mean), float64(over.Std))
}

// attackerEntry returns the ASR of the attacker at a position; empty if the game has no
// such attacker.
func (b *builder) attackerEntry(s *series, i int, printed []float64) table.Entry {
	if i >= s.n {
		return table.Entry{}
	}
	asr := s.attackerASR(i)
	if i < len(printed) {
		asr = asr.Beside(printed[i])
	}
	return table.EntryOf(asr)
}

// singlesRow returns the row of the single ASRs at the usual rate, and whether an
// attacker was played alone.
func (b *builder) singlesRow(attackers int) (table.Row, bool) {
	row := table.Row{Labels: []string{fmt.Sprintf("each alone, at %v", b.usual)}}
	var printed []float64
	if b.paper != nil && b.usual == paperRate {
		printed = b.paper.Table1.Single
	}
	var alone []singles
	for i := range attackers {
		entry := table.Entry{}
		// The largest game has them all; every other has the same ones.
		if s := b.largest(i); s != nil {
			single := table.NewValue(table.QuantitySingleASR, s.singleASRs(i))
			if i < len(printed) {
				single = single.Beside(printed[i])
			}
			entry = table.Entry{Values: []table.Value{single}, Marks: b.drawMarks(s, i)}
			for _, p := range s.complete() {
				if single := p.game.Attackers[i].SingleASR; single != nil {
					alone = addSingle(alone, p, *single)
				}
			}
		}
		row.Entries = append(row.Entries, entry)
	}
	row.Entries = append(row.Entries, table.EntryOf(besideMean(table.NewSpread(table.QuantitySingleASR, singlesOverSeeds(alone)), printed)))
	row.Entries = append(row.Entries, make([]table.Entry, len(b.table.Columns)-len(row.Entries))...)
	return row, len(alone) > 0
}

// largest returns the game at the usual rate with the most seeds in which the
// attacker at a position has a single ASR, nil if there is none.
func (b *builder) largest(i int) *series {
	var best *series
	for _, s := range b.all {
		if !b.atUsual(s) || i >= s.n || len(s.singleASRs(i)) == 0 {
			continue
		}
		if best == nil || len(s.singleASRs(i)) > len(best.singleASRs(i)) {
			best = s
		}
	}
	return best
}

// table2 fills table 2: a row for each game, with each attacker's label, its ASR and,
// in brackets, its single ASR.
func (b *builder) table2() {
	t := b.table
	t.Title = fmt.Sprintf("Table 2 on %s: how the ASR varies with the target labels", t.Dataset)
	t.Heads = []string{"game"}
	attackers := b.attackerColumns(b.all)
	t.Columns = append(t.Columns, table.Column{Head: "mean ± std"}, table.Column{Head: "acc."})
	compared := b.besidesSingles()
	b.comparedColumns(compared)
	for _, s := range b.all {
		labels := map[string]string{"same": "same label", "list": "different", "random": "random"}[s.labels]
		row := table.Row{Labels: []string{fmt.Sprintf("N = %d, %s", s.n, labels) + s.defended()}, Marks: b.gameMarks(s)}
		compareRow(&row, s)
		printed := b.paperLabelling(s)
		for i := range attackers {
			row.Entries = append(row.Entries, b.labelledEntry(s, i, printed))
		}
		asr, clean := s.asr(), s.clean()
		if printed != nil {
			asr, clean = besideMean(asr, printed.ASR), clean.Beside(b.paper.Table2.CleanAccuracy)
		}
		row.Entries = append(row.Entries, table.EntryOf(asr), table.EntryOf(clean))
		row.Entries = append(row.Entries, s.comparedEntries(compared)...)
		t.Rows = append(t.Rows, row)
	}
}

// paperLabelling returns the paper's figures for a game, nil if it has none.
func (b *builder) paperLabelling(s *series) *paper.Labelling {
	if b.paper == nil || b.usual != paperRate || s.defended() != "" {
		return nil
	}
	for _, g := range b.paper.Table2.Games {
		printed := g.Same
		if s.labels == "list" {
			printed = g.Different
		}
		if len(printed.ASR) != s.n || s.labels == "random" {
			continue
		}
		for i, a := range s.attackers() {
			if int(a.Target) != printed.Targets[i] {
				return nil
			}
		}
		return &printed
	}
	return nil
}

// labelledEntry returns an attacker's label, single ASR and ASR.
func (b *builder) labelledEntry(s *series, i int, printed *paper.Labelling) table.Entry {
	if i >= s.n {
		return table.Entry{}
	}
	single, asr := table.NewValue(table.QuantitySingleASR, s.singleASRs(i)).InBrackets(), s.attackerASR(i)
	if printed != nil {
		single, asr = single.Beside(printed.Single[i]), asr.Beside(printed.ASR[i])
	}
	entry := table.Entry{Values: []table.Value{single, asr}, Marks: b.drawMarks(s, i)}
	if attackers := s.attackers(); attackers != nil && s.labels != "random" {
		entry.Caption = attackers[i].Label
	} else if printed != nil {
		entry.Caption = printed.Labels[i]
	}
	return entry
}

// againstNone stands above the columns that compare a defender with the same game
// without a defense.
const againstNone = "against none"

// robustHead is the head of columns of robustness accuracy.
const robustHead = "robust."

// points fills the table of a run or sweep: a row for each game of each point, and a
// list of the attackers of each game that has a result.
func (b *builder) points() {
	t := b.table
	t.Title = cmp.Or(b.opt.Title, t.Name) + " on " + t.Dataset
	defended := slices.ContainsFunc(b.all, func(s *series) bool { return s.defender != b.all[0].defender })
	heads, labels := b.naming(defended)
	t.Heads = heads
	compared := b.compared()
	for _, head := range []string{"acc.", "ASR mean ± std", "base rate", robustHead} {
		t.Columns = append(t.Columns, table.Column{Head: head})
	}
	b.comparedColumns(compared)
	if defended {
		for _, head := range againstNoneHeads {
			t.Columns = append(t.Columns, table.Column{Group: againstNone, Head: head})
		}
	}
	for _, s := range b.all {
		row := table.Row{
			Labels:  labels(s),
			Marks:   append(b.gameMarks(s), b.drawMarks(s, s.everyone()...)...),
			Entries: []table.Entry{table.EntryOf(s.clean()), table.EntryOf(s.asr()), table.EntryOf(s.baseRate()), table.EntryOf(s.robustness())},
		}
		compareRow(&row, s)
		row.Entries = append(row.Entries, s.comparedEntries(compared)...)
		if defended {
			row.Entries = append(row.Entries, s.againstNone()...)
		}
		t.Rows = append(t.Rows, row)
		if list := s.list(row.Labels); len(list.IDs) > 0 {
			t.Lists = append(t.Lists, list)
		}
	}
	if b.alike() {
		t.Width = narrowWidth
		if defended && len(compared) > 0 {
			t.Width = comparedWidth
		}
	}
}

// naming returns the heads of the label columns, and the function that returns the
// labels of a series: its point's name, if points were given any, the values of the
// varied keys, with defender its defender, and N.
func (b *builder) naming(defender bool) (heads []string, labels func(*series) []string) {
	own := strings.TrimSuffix(b.table.Name, "-"+string(b.kind)) // of the sweep, whose second table this may be
	named := slices.ContainsFunc(b.all, func(s *series) bool { return s.name != "" && s.name != own })
	if named {
		heads = append(heads, "point")
	}
	keys := b.shownKeys()
	ends := map[string]int{}
	end := func(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }
	for _, key := range keys {
		ends[end(key)]++
	}
	for _, key := range keys {
		if ends[end(key)] > 1 {
			heads = append(heads, key)
		} else {
			heads = append(heads, end(key))
		}
	}
	if defender {
		heads = append(heads, "defender")
	}
	return append(heads, "N"), func(s *series) []string {
		var texts []string
		if named {
			texts = append(texts, s.name)
		}
		for _, key := range keys {
			texts = append(texts, s.keys[key])
		}
		if defender {
			texts = append(texts, s.defender)
		}
		return append(texts, fmt.Sprint(s.n))
	}
}

// shownKeys returns the varied keys whose values a table of points shows: all but the
// numbers of attackers and the defenders, which have columns of their own.
func (b *builder) shownKeys() []string {
	var keys []string
	for _, s := range b.all {
		for key := range s.keys {
			if key != "attackers.counts" && key != "defenders" && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return keys
}
