package audit

import (
	"fmt"
	"math"
	"slices"

	"backfire/claims"
	"backfire/paper"
	"backfire/stats"
)

// Nearest compares a table of the paper with the conditions of an audit.
type Nearest struct {
	Table int `json:"table"` // 1 to 3
	// Condition is the one whose figures are nearest; empty if none has two of the table's figures.
	Condition string `json:"condition"`
	// Distance is the root of the mean squared difference between its mean ASRs and the table's, a share, over
	// the numbers of attackers that both have: Figures.
	Distance stats.Number `json:"distance"`
	Figures  []Compared   `json:"figures"`
	// Repeats is the distance within which the paper's own figures repeat, and Within reports whether Distance is
	// no larger.
	Repeats stats.Number `json:"paper_repeats"`
	Within  bool         `json:"within"`
	// Conditions is the number of conditions that were compared, and AsNear that of those within Repeats.
	Conditions int `json:"conditions"`
	AsNear     int `json:"as_near"`
	// Primary is the distance of the primary reading, undefined if it has too few of the figures.
	Primary stats.Number `json:"primary"`
}

// Compared is a figure of the paper beside the measured one: mean ASRs, shares.
type Compared struct {
	N        int          `json:"n"`
	Paper    stats.Number `json:"paper"`
	Measured stats.Number `json:"measured"`
	Seeds    int          `json:"seeds"`
}

// figures are mean ASRs by N; N = 1 is a single game.
type figures map[int]float64

// publishedFigures returns the undefended figures of a table at the usual poison rate; same chooses the games with
// one label where a table has both. Shares.
func publishedFigures(tables paper.Tables, table int, same bool) figures {
	f := figures{}
	mean := func(percent []float64) float64 { return float64(stats.Summarize(percent).Mean) / 100 }
	switch table {
	case 1:
		f[1] = mean(tables.Table1.Single)
		for _, row := range tables.Table1.Rows {
			if n := len(row.ASR); n > 1 && !slices.ContainsFunc(row.Rates, func(p float64) bool { return p != row.Rates[0] }) && row.Rates[0] == 0.2 {
				f[n] = mean(row.ASR)
			}
		}
	case 2:
		var singles []float64
		for _, g := range tables.Table2.Games {
			labelling := g.Different
			if same {
				labelling = g.Same
			}
			f[len(labelling.ASR)] = mean(labelling.ASR)
			singles = append(singles, labelling.Single...)
		}
		f[1] = mean(singles)
	case 3:
		if row, ok := tables.Table3.Row(paper.NoDefense); ok {
			for _, g := range row.Games {
				f[g.N] = g.MeanASR / 100
			}
		}
	}
	return f
}

// measured are the mean ASRs of one condition.
type measured struct {
	condition Condition
	values    map[int][]float64 // of the seeds, by N
	same      bool              // whether all attackers have one label
}

// conditions returns the mean ASRs of every condition, in the order of the trials.
func conditions(trials []Trial) []*measured {
	var all []*measured
	at := map[Condition]*measured{}
	singles := map[Condition]map[uint64]float64{}
	for _, t := range trials {
		if t.Game.Defense != claims.NoDefense {
			continue
		}
		m := at[t.Condition]
		if m == nil {
			m = &measured{condition: t.Condition, values: map[int][]float64{}, same: true}
			at[t.Condition], singles[t.Condition] = m, map[uint64]float64{}
			all = append(all, m)
		}
		if t.N() > 1 {
			m.same = m.same && t.Game.Labels == claims.Same
			if alone := aloneASR(t.Game); finite(alone) {
				singles[t.Condition][t.Game.Seed] = alone // equal at every N
			}
		}
		if asr := meanASR(t.Game); finite(asr) {
			m.values[t.N()] = append(m.values[t.N()], asr)
		}
	}
	for _, m := range all {
		if len(m.values[1]) > 0 {
			continue
		}
		for _, alone := range singles[m.condition] {
			m.values[1] = append(m.values[1], alone)
		}
		slices.Sort(m.values[1]) // the order of a map would change the last bits of the mean
	}
	return all
}

// nearest compares the paper's tables on a dataset with all conditions; nil if the paper has none.
func (s *Spec) nearest(trials []Trial, dataset string) []Nearest {
	tables, err := paper.For(dataset)
	if err != nil {
		return nil
	}
	repeats := tables.Repeatability() / 100
	all := conditions(trials)
	var found []Nearest
	for table := 1; table <= 3; table++ {
		best := Nearest{
			Table: table, Distance: stats.Undefined(), Repeats: stats.Number(repeats), Primary: stats.Undefined(), Figures: []Compared{},
		}
		for _, m := range all {
			distance, compared := m.distance(publishedFigures(tables, table, m.same))
			if len(compared) < 2 {
				continue
			}
			best.Conditions++
			if distance <= repeats {
				best.AsNear++
			}
			if m.condition.Stage == StagePrimary {
				best.Primary = stats.Number(distance)
			}
			if !best.Distance.Defined() || distance < float64(best.Distance) {
				best.Condition, best.Distance, best.Figures = s.ConditionName(m.condition), stats.Number(distance), compared
			}
		}
		best.Within = best.Distance.Defined() && float64(best.Distance) <= repeats
		found = append(found, best)
	}
	return found
}

// distance returns the distance from published figures and what it compares, by ascending N.
func (m *measured) distance(published figures) (float64, []Compared) {
	var compared []Compared
	sum := 0.0
	for n := range 101 {
		want, ok := published[n]
		if !ok || len(m.values[n]) == 0 {
			continue
		}
		mean := float64(stats.Summarize(m.values[n]).Mean)
		compared = append(compared, Compared{N: n, Paper: stats.Number(want), Measured: stats.Number(mean), Seeds: len(m.values[n])})
		sum += (mean - want) * (mean - want)
	}
	return math.Sqrt(sum / float64(len(compared))), compared
}

// Sentence states the comparison.
func (n Nearest) Sentence() string {
	if n.Condition == "" {
		return fmt.Sprintf("Table %d: no condition has two of its figures.", n.Table)
	}
	within := "farther than"
	if n.Within {
		within = "within"
	}
	return fmt.Sprintf("Table %d: nearest is %s, at %.1f points, which is %s the %.1f points within which the paper repeats itself; %d of %d conditions are within that.",
		n.Table, n.Condition, 100*float64(n.Distance), within, 100*float64(n.Repeats), n.AsNear, n.Conditions)
}
