package report

import (
	"fmt"
	"strings"

	"backfire/experiments/store"
	"backfire/report/table"
	"backfire/stats"
)

// divergences are the measures of divergence whose rank correlation with the ASR a
// table gives.
var divergences = []struct {
	name string
	of   func(*store.AttackerDivergence) stats.Number
}{
	{"MMD² (eq. 1)", func(d *store.AttackerDivergence) stats.Number { return d.MMD2 }},
	{"JS (eq. 1)", func(d *store.AttackerDivergence) stats.Number { return d.JS }},
	{"MMD² of the images with triggers (eq. 2)", func(d *store.AttackerDivergence) stats.Number { return d.TriggeredMMD2 }},
	{"JS of the images with triggers (eq. 2)", func(d *store.AttackerDivergence) stats.Number { return d.TriggeredJS }},
}

// leastCorrelated is the least number of attackers whose rank correlation is shown: of fewer, chance
// alone often gives a coefficient beyond 0.6.
const leastCorrelated = 10

// correlations returns a note with the rank correlations, for each defender, of the
// attackers' divergences in their target classes with their ASR, over all games of the
// table; empty if none were measured.
func (b *builder) correlations() string {
	var defenders []string
	pairs := map[string][][][2]float64{} // by defender and measure
	for _, s := range b.all {
		for _, p := range s.complete() {
			for _, a := range p.game.Attackers {
				if a.Divergence == nil {
					continue
				}
				if pairs[s.defender] == nil {
					defenders = append(defenders, s.defender)
					pairs[s.defender] = make([][][2]float64, len(divergences))
				}
				for i, measure := range divergences {
					pairs[s.defender][i] = append(pairs[s.defender][i], [2]float64{float64(measure.of(a.Divergence)), a.ASR.Value()})
				}
			}
		}
	}
	var texts []string
	for _, defender := range defenders {
		var measured []string
		for i, measure := range divergences {
			if c := stats.Correlate(pairs[defender][i]); c.Spearman.Defined() && c.N >= leastCorrelated {
				measured = append(measured, fmt.Sprintf("%s %s, %s (n = %d)", measure.name, table.Signed(c.Spearman), table.Signed(c.Kendall), c.N))
			}
		}
		if len(measured) > 0 {
			texts = append(texts, defender+": "+strings.Join(measured, "; "))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	return "Rank correlation (Spearman's rho, Kendall's tau-b) of ASR and divergence of an attacker's images of its target class, over the attackers of all games and seeds. " +
		strings.Join(texts, ". ") + "."
}
