package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"backfire/claims"
	"backfire/experiments/plan"
	"backfire/paper"
	"backfire/stats"
)

// table1 has the games as rows, in the order of the sweep, with each attacker's
// ASR; above them each trigger's single ASR.
func (b *builder) table1() {
	t := b.table
	t.Title = fmt.Sprintf("Table 1 on %s: how the ASR varies with the poison rate p", t.Dataset)
	t.Heads = []string{"game"}
	attackers := b.attackerColumns(b.all)
	t.Columns = append(t.Columns, Column{Head: "mean ± std"}, Column{Head: "base rate"}, Column{Head: "acc."})
	if row, ok := b.singlesRow(attackers); ok {
		t.Rows = append(t.Rows, row)
	}
	for _, s := range b.all {
		rates := s.rates()
		row := Row{Labels: []string{strings.TrimSuffix(fmt.Sprintf("N = %d, %s", s.n, ratesText(rates, b.usual)), ", ") + s.defended()}, Marks: append(b.gameMarks(s), b.ownSingles(s)...)}
		printed := b.paperRates(s)
		for i := range attackers {
			row.Cells = append(row.Cells, b.attackerCell(s, i, printed))
		}
		row.Cells = append(row.Cells, cellOf(besideMean(s.asr(), printed)), cellOf(s.baseRate()), cellOf(s.clean()))
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
		if slices.Equal(r.Rates, s.rates()) {
			return r.ASR
		}
	}
	return nil
}

// cellOf is a cell of figures.
func cellOf(figures ...Figure) Cell { return Cell{Figures: figures} }

// besideMean puts the mean and deviation of the paper's figures beside one.
func besideMean(f Figure, printed []float64) Figure {
	if len(printed) == 0 {
		return f
	}
	over := stats.Summarize(printed)
	return f.besideSpread(float64(over.Mean), float64(over.Std))
}

// attackerCell is the ASR of the attacker at a position, empty if the game has
// no such attacker.
func (b *builder) attackerCell(s *series, i int, printed []float64) Cell {
	if i >= s.n {
		return Cell{}
	}
	f := s.attackerASR(i)
	if i < len(printed) {
		f = f.beside(printed[i])
	}
	return cellOf(f)
}

// singlesRow is the row of the single ASRs at the usual rate, false if nobody
// was played alone.
func (b *builder) singlesRow(attackers int) (Row, bool) {
	row := Row{Labels: []string{fmt.Sprintf("each alone, at %v", b.usual)}}
	var printed []float64
	if b.paper != nil && b.usual == paperRate {
		printed = b.paper.Table1.Single
	}
	bySeed := map[uint64][]float64{}
	var seeds []uint64
	for i := range attackers {
		cell := Cell{}
		// The largest game has them all; every other has the same ones.
		if s := b.largest(i); s != nil {
			f := newFigure(QuantitySingleASR, s.singleASRs(i))
			if i < len(printed) {
				f = f.beside(printed[i])
			}
			cell = Cell{Figures: []Figure{f}, Marks: b.drawMarks(s, i)}
			for _, p := range s.complete() {
				if single := p.game.Attackers[i].SingleASR; single != nil {
					if bySeed[p.point.Seed] == nil {
						seeds = append(seeds, p.point.Seed)
					}
					bySeed[p.point.Seed] = append(bySeed[p.point.Seed], single.Value())
				}
			}
		}
		row.Cells = append(row.Cells, cell)
	}
	var over []stats.Summary
	for _, seed := range seeds {
		over = append(over, stats.Summarize(bySeed[seed]))
	}
	row.Cells = append(row.Cells, cellOf(besideMean(newSpread(QuantitySingleASR, over), printed)), Cell{}, Cell{})
	return row, len(seeds) > 0
}

// largest returns the game at the usual rate with the most seeds in which the
// attacker at a position has a single ASR, nil if there is none.
func (b *builder) largest(i int) *series {
	var best *series
	for _, s := range b.all {
		if p, same := allAt(s.rates()); !same || p != b.usual || i >= s.n || len(s.singleASRs(i)) == 0 {
			continue
		}
		if best == nil || len(s.singleASRs(i)) > len(best.singleASRs(i)) {
			best = s
		}
	}
	return best
}

// table2 has the games as rows, with each attacker's label and, in brackets, its
// single ASR.
func (b *builder) table2() {
	t := b.table
	t.Title = fmt.Sprintf("Table 2 on %s: how the ASR varies with the target labels", t.Dataset)
	t.Heads = []string{"game"}
	attackers := b.attackerColumns(b.all)
	t.Columns = append(t.Columns, Column{Head: "mean ± std"}, Column{Head: "acc."})
	for _, s := range b.all {
		labels := map[string]string{"same": "same label", "list": "different", "random": "random"}[s.labels]
		row := Row{Labels: []string{fmt.Sprintf("N = %d, %s", s.n, labels) + s.defended()}, Marks: b.gameMarks(s)}
		printed := b.paperLabelling(s)
		for i := range attackers {
			row.Cells = append(row.Cells, b.labelledCell(s, i, printed))
		}
		asr, clean := s.asr(), s.clean()
		if printed != nil {
			asr, clean = besideMean(asr, printed.ASR), clean.beside(b.paper.Table2.CleanAccuracy)
		}
		row.Cells = append(row.Cells, cellOf(asr), cellOf(clean))
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
			if a.Target != printed.Targets[i] {
				return nil
			}
		}
		return &printed
	}
	return nil
}

// labelledCell is an attacker's label, single ASR and ASR.
func (b *builder) labelledCell(s *series, i int, printed *paper.Labelling) Cell {
	if i >= s.n {
		return Cell{}
	}
	single, asr := newFigure(QuantitySingleASR, s.singleASRs(i)).inBrackets(), s.attackerASR(i)
	if printed != nil {
		single, asr = single.beside(printed.Single[i]), asr.beside(printed.ASR[i])
	}
	cell := Cell{Figures: []Figure{single, asr}, Marks: b.drawMarks(s, i)}
	if attackers := s.attackers(); attackers != nil && s.labels != "random" {
		cell.Caption = attackers[i].Label
	} else if printed != nil {
		cell.Caption = printed.Labels[i]
	}
	return cell
}

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

// table3 has defenses as rows and numbers of attackers as columns: mean and
// deviation of the ASR, in brackets the standard accuracy.
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
		t.Columns = append(t.Columns, Column{Head: fmt.Sprintf("N = %d", n)})
	}
	for _, r := range rows {
		row := Row{Labels: []string{r.label}}
		for _, n := range ns {
			row.Cells = append(row.Cells, b.defenseCell(r, n))
		}
		t.Rows = append(t.Rows, row)
	}
}

// defenseCell is a cell of table 3.
func (b *builder) defenseCell(r row3, n int) Cell {
	i := slices.IndexFunc(b.all, func(s *series) bool { return s.defender == r.defender && s.n == n })
	s, marks := &series{n: n}, []string{}
	if i < 0 {
		marks = append(marks, b.table.mark("Not part of this sweep."))
	} else {
		s = b.all[i]
		marks = append(b.gameMarks(s), b.drawMarks(s, s.everyone()...)...)
	}
	asr, clean := s.asr(), s.clean()
	asr.Spread = true
	if printed, ok := b.paperGame(r.printed, n); ok {
		asr, clean = asr.besideSpread(printed.MeanASR, printed.StdASR), clean.beside(printed.CleanAccuracy)
	}
	return Cell{Figures: []Figure{asr, clean.inBrackets()}, Marks: marks}
}

// paperGame returns the paper's figures for a cell of table 3.
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

// againstNone stands above the columns that compare a defender with its
// undefended twin.
const againstNone = "against none"

// robustHead is the head of columns of robustness accuracy.
const robustHead = "robust."

// points has a row for each game of each point.
func (b *builder) points() {
	t := b.table
	t.Title = cmp.Or(b.opt.Title, t.Name) + " on " + t.Dataset
	defended := slices.ContainsFunc(b.all, func(s *series) bool { return s.defender != b.all[0].defender })
	heads, labels := b.naming(defended)
	t.Heads = heads
	for _, head := range []string{"acc.", "ASR mean ± std", "base rate", robustHead} {
		t.Columns = append(t.Columns, Column{Head: head})
	}
	if defended {
		for _, head := range againstNoneHeads {
			t.Columns = append(t.Columns, Column{Group: againstNone, Head: head})
		}
	}
	for _, s := range b.all {
		row := Row{
			Labels: labels(s),
			Marks:  append(b.gameMarks(s), b.drawMarks(s, s.everyone()...)...),
			Cells:  []Cell{cellOf(s.clean()), cellOf(s.asr()), cellOf(s.baseRate()), cellOf(s.robustness())},
		}
		if defended {
			row.Cells = append(row.Cells, s.againstNone()...)
		}
		t.Rows = append(t.Rows, row)
	}
}

// naming returns the heads of the columns that tell series apart, and what a series
// has in them: its point's name, if points were given any, the values of the varied
// keys, its defender if that is asked for, and N.
func (b *builder) naming(defender bool) (heads []string, labels func(*series) []string) {
	named := slices.ContainsFunc(b.all, func(s *series) bool { return s.name != "" && s.name != b.table.Name })
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

// shownKeys are the varied keys whose values a table of points shows: all but
// the numbers of attackers and the defenders, which it shows anyway.
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
