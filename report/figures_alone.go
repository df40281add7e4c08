package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/game"
	"backfire/internal/words"
	"backfire/report/table"
)

// aloneAmong draws what the others do to each attacker: its ASR alone and its ASR among N, in the
// largest undefended game at the usual rate whose attackers were also played alone.
func (d *drawing) aloneAmong() error {
	s := d.leading()
	if s == nil {
		return nil
	}
	bell := figures.Dumbbell{
		Name: "alone-among", Title: fmt.Sprintf("Each attacker alone and among %d", s.n), Label: "ASR",
		Alone: "alone", Among: fmt.Sprintf("among %d", s.n),
		Caption: "Open: the attacker's matched single, in which it is alone with the same images; filled: " + d.gameName(s) +
			". Dashed lines are losses. Base rate: the same images without the trigger. Intervals: 95 % CI " + d.intervalBasis() + ".",
	}
	for i, a := range s.attackers() {
		row := dumbbellRow(table.NewValue(table.QuantitySingleASR, s.singleASRs(i)), s.attackerASR(i), s.attackerBase(i))
		row.Label = fmt.Sprintf("attacker %d", a.ID)
		if s.labels != "random" && !oneLabel(s) {
			row.Label = fmt.Sprintf("%d: %s", a.ID, words.Class(a.Label, int(a.Target)))
		}
		bell.Rows = append(bell.Rows, row)
	}
	mean := dumbbellRow(s.otherGame(table.QuantitySingleASR, aloneASR), s.asr(), s.baseRate())
	mean.Label = "mean"
	if paper, ok := d.paperMean(s); ok {
		mean.Paper = paper
		bell.Caption += d.repeats()
	}
	bell.Mean = &mean
	if err := d.add(bell, []*series{s}); err != nil {
		return err
	}
	lead := d.made[len(d.made)-1]
	lead.Lead = true
	models := map[string]bool{}
	for _, p := range s.complete() {
		for _, a := range p.game.Attackers {
			models[p.game.Cell], models[a.SingleCell] = true, true
		}
	}
	before, _, _ := strings.Cut(lead.Basis, ";")
	lead.Basis = fmt.Sprintf("%s; %s.", before, words.Plural(len(models), "model"))
	return nil
}

// leading returns the game that the finding is about: the largest undefended one at the usual
// rate whose attackers were all played alone, nil if there is none.
func (d *drawing) leading() *series {
	var best *series
	for _, s := range d.done() {
		if s.n < 2 || s.defended() != "" || !d.atUsual(s) || colluding(s.attackers()) {
			continue
		}
		alone := func(a summary.GameAttacker) bool { return a.SingleASR != nil }
		whole := !slices.ContainsFunc(s.complete(), func(p played) bool { return len(p.game.Attackers) == 0 || !alone(p.game.Attackers[0]) })
		if whole && (best == nil || s.n > best.n) {
			best = s
		}
	}
	return best
}

// dumbbellRow returns an attacker's row.
func dumbbellRow(alone, among, base table.Value) figures.DumbbellRow {
	return figures.DumbbellRow{
		Alone: float64(alone.Mean), AloneCI: bar(alone), AloneImages: alone.Images,
		Among: float64(among.Mean), AmongCI: bar(among), AmongOf: among.Images,
		Base: float64(base.Mean), Paper: math.NaN(),
	}
}

// attackerBase returns the base rate of the attacker at a position.
func (s *series) attackerBase(i int) table.Value {
	return s.overSeeds(table.QuantityBaseRate, func(p played) (table.Measured, bool) {
		rate := p.game.Attackers[i].BaseRate
		return measuredRate(rate), rate != game.Rate{}
	})
}
