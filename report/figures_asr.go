package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"backfire/experiments/plan"
	"backfire/figures"
	"backfire/report/table"
	"backfire/stats"
)

// barsCaption explains the bars of a chart.
func (d *drawing) barsCaption() string {
	return "Capped bars: 95 % CI " + d.intervalBasis() + "; thin bars: population standard deviation over the attackers" +
		map[bool]string{true: ", averaged over the seeds"}[len(d.table.Seeds) > 1] + "."
}

// intervalBasis returns what the intervals of the figures are over.
func (d *drawing) intervalBasis() string {
	if len(d.table.Seeds) == 1 {
		return "over the images of one game, not over seeds"
	}
	return "over the seeds"
}

// point returns a value of a table as a point of a chart.
func point(x float64, v table.Value) figures.Point {
	return figures.Point{X: x, Y: float64(v.Mean), YBar: bar(v), Spread: float64(v.Std), Images: v.Images}
}

// bar returns the interval of a value, which is not drawn if it is undefined.
func bar(v table.Value) figures.Bar {
	return figures.Bar{Low: float64(v.CILow), High: float64(v.CIHigh)}
}

// against draws the ASR of groups against x.
func (d *drawing) against(groups []*group, x figures.Axis, name, title, caption string) error {
	if len(groups) == 0 {
		return nil
	}
	chart := figures.Chart{
		Name: name, Title: title, Caption: caption + " " + d.barsCaption(),
		X: x, Y: figures.Axis{Label: "mean ASR", Share: true, Whole: true},
	}
	var of []*series
	for i, name := range groupNames(groups) {
		g := groups[i]
		l := figures.Line{Name: name}
		for j, s := range g.of {
			l.Points = append(l.Points, point(g.xs[j], s.asr()))
		}
		sortPoints(l.Points)
		chart.Lines, of = append(chart.Lines, l), append(of, g.of...)
	}
	beside := d.comparisons(groups)
	chart.Lines = append(chart.Lines, beside...)
	if len(beside) > 1 {
		chart.Caption += d.repeats()
	}
	return d.add(chart, of)
}

// repeats returns the sentence about the paper's repeatability, behind a caption.
func (d *drawing) repeats() string {
	return fmt.Sprintf(" The paper's own figures repeat within ±%.0f points.", d.paper.Repeatability())
}

// sortPoints puts points in the order of x.
func sortPoints(points []figures.Point) {
	slices.SortFunc(points, func(a, b figures.Point) int { return cmp.Compare(a.X, b.X) })
}

// comparisons returns the base rate of the one group that has no defense, and the
// paper's figures for it.
func (d *drawing) comparisons(groups []*group) []figures.Line {
	undefended := slices.DeleteFunc(slices.Clone(groups), func(g *group) bool { return g.of[0].defended() != "" })
	if len(undefended) != 1 {
		return nil
	}
	of := ""
	if len(groups) > 1 {
		of = ", " + defenderName(plan.Undefended)
	}
	base := figures.Line{Name: "base rate" + of, Quiet: true, Bare: true}
	printed := figures.Line{Name: "paper" + of, Quiet: true, Loose: true}
	for i, s := range undefended[0].of {
		x := undefended[0].xs[i]
		rate := s.baseRate()
		base.Points = append(base.Points, figures.Point{X: x, Y: float64(rate.Mean), Spread: math.NaN(), Images: rate.Images})
		if mean, ok := d.paperMean(s); ok {
			printed.Points = append(printed.Points, figures.At(x, mean))
		}
	}
	sortPoints(base.Points)
	sortPoints(printed.Points)
	lines := []figures.Line{base}
	if len(printed.Points) > 0 {
		lines = append(lines, printed)
	}
	return lines
}

// paperMean returns the paper's mean ASR for a game, as the tables show it, and whether
// the paper has one.
func (d *drawing) paperMean(s *series) (float64, bool) {
	if d.paper == nil {
		return 0, false
	}
	var v table.Value
	switch d.kind {
	case Table1:
		v = besideMean(table.Value{Paper: stats.Undefined()}, d.paperRates(s))
	case Table2:
		v = table.Value{Paper: stats.Undefined()}
		if printed := d.paperLabelling(s); printed != nil {
			v = besideMean(v, printed.ASR)
		}
	case Table3:
		i := slices.IndexFunc(rows3, func(r row3) bool { return r.defender == s.defender })
		if i < 0 {
			return 0, false
		}
		printed, ok := d.paperGame(rows3[i].printed, s.n)
		return printed.MeanASR / 100, ok
	default:
		return 0, false
	}
	return float64(v.Paper), v.Paper.Defined()
}

// groupNames names groups by the properties in which they differ.
func groupNames(groups []*group) []string {
	first := groups[0]
	differ := func(of func(*group) string) bool {
		return slices.ContainsFunc(groups, func(g *group) bool { return of(g) != of(first) })
	}
	parts := make([][]string, len(groups))
	add := func(of func(*group) string) {
		if differ(of) {
			for i, g := range groups {
				parts[i] = append(parts[i], of(g))
			}
		}
	}
	add(func(g *group) string { return defenderName(g.of[0].defender) })
	add(func(g *group) string { return fmt.Sprintf("N = %d", g.n) })
	add(func(g *group) string { return labelsText(g.of[0].labels) })
	keys := map[string]bool{}
	for _, g := range groups {
		for key := range g.keys {
			keys[key] = key != "attackers.labels"
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] {
			add(func(g *group) string { return key[strings.LastIndexByte(key, '.')+1:] + " = " + g.keys[key] })
		}
	}
	names := make([]string, len(groups))
	for i := range groups {
		names[i] = cmp.Or(strings.Join(parts[i], ", "), "mean ASR")
	}
	return names
}

// defenderName returns the name of a defender for people.
func defenderName(defender string) string {
	if defender == plan.Undefended {
		return "no defense"
	}
	return strings.ReplaceAll(defender, "_", " ")
}

// labelsText describes a choice of target labels.
func labelsText(labels string) string {
	switch labels {
	case "same":
		return "same label"
	case "list":
		return "different labels"
	case "random":
		return "random labels"
	default:
		return "labels " + labels
	}
}

// byAttackers draws the ASR against N.
func (d *drawing) byAttackers() error {
	groups := d.groups(func(s *series) (float64, bool) {
		return float64(s.n), d.atUsual(s)
	}, axisKeys.attackers, false)
	return d.against(groups, figures.Axis{Label: "attackers N", Listed: true}, "asr-by-attackers",
		"ASR against the number of attackers", fmt.Sprintf("Mean over the attackers, each at p = %v.", d.usual))
}

// byRate draws the ASR against the poison rate of all attackers.
func (d *drawing) byRate() error {
	follow := slices.ContainsFunc(d.all, func(s *series) bool { // a p that sets the size, too
		a, same := s.together()
		return same && a.p0 != d.usual && a.p0 == a.p1 && a.p1 == a.p2
	})
	groups := d.groups(func(s *series) (float64, bool) {
		a, same := s.together()
		if follow {
			return a.p0, same && a.p0 == a.p1 && a.p1 == a.p2
		}
		return a.p0, same && a.p1 == d.strength.p1 && a.p2 == d.strength.p2
	}, axisKeys.rate, true)
	return d.against(groups, figures.Axis{Label: "poison rate of all attackers", Listed: true}, "asr-by-rate",
		"ASR against the poison rate", "Mean over the attackers, who share one poison rate.")
}

// byPool draws the ASR against the size of the pool.
func (d *drawing) byPool() error {
	groups := d.groups(func(s *series) (float64, bool) { return float64(s.games[0].point.Pool), true }, axisKeys.pool, true)
	return d.against(groups, figures.Axis{Label: "images in the pool", Listed: true}, "asr-by-pool",
		"ASR against the size of the pool", "Mean over the attackers.")
}

// byAttacker draws every attacker of every game.
func (d *drawing) byAttacker() error {
	strip := figures.Strip{
		Name: "asr-by-attacker", Title: "ASR of each attacker", Label: "ASR",
		Caption: "Each attacker by its number (many: as a point), mean over the seeds; bar: mean over the attackers, on its 95 % CI " + d.intervalBasis() + ".",
	}
	done, beside := d.done(), false
	if row, ok := d.aloneRow(done); ok {
		strip.Rows = append(strip.Rows, row)
	}
	for _, s := range done {
		over := s.asr()
		row := figures.StripRow{Label: d.gameName(s), Mean: float64(over.Mean), CI: bar(over), Images: over.Images, Paper: math.NaN()}
		if mean, ok := d.paperMean(s); ok {
			row.Paper, beside = mean, true
		}
		for i, a := range s.attackers() {
			if asr := s.attackerASR(i); asr.Mean.Defined() {
				row.Shares, row.IDs, row.Each = append(row.Shares, float64(asr.Mean)), append(row.IDs, a.ID), append(row.Each, asr.Images)
				if asr.CIOver == table.OverImages { // of several seeds they would hide each other
					row.Bars = append(row.Bars, bar(asr))
				}
			}
		}
		strip.Rows = append(strip.Rows, row)
	}
	if beside {
		strip.Caption += d.repeats()
	}
	return d.add(strip, done)
}

// aloneRow returns the row of the single ASRs, and whether there are any.
func (d *drawing) aloneRow(done []*series) (figures.StripRow, bool) {
	most := 0
	for _, s := range done {
		most = max(most, s.n)
	}
	row := figures.StripRow{Label: fmt.Sprintf("each alone, at %v", d.usual), Mean: math.NaN(), Paper: math.NaN()}
	for i := range most {
		if s := d.largest(i); s != nil {
			single := table.NewValue(table.QuantitySingleASR, s.singleASRs(i))
			row.Shares, row.IDs, row.Each = append(row.Shares, float64(single.Mean)), append(row.IDs, s.attackers()[i].ID), append(row.Each, single.Images)
			if single.CIOver == table.OverImages {
				row.Bars = append(row.Bars, bar(single))
			}
			row.Images += single.Images
		}
	}
	row.Mean = float64(stats.Summarize(row.Shares).Mean)
	return row, len(row.Shares) > 0
}

// gameName returns a name that distinguishes a game from the others of its table.
func (b *builder) gameName(s *series) string {
	name := fmt.Sprintf("N = %d", s.n)
	if !b.atUsual(s) {
		name += ", " + strengthText(s.strengths(), b.strength)
	}
	if slices.ContainsFunc(b.all, func(o *series) bool { return o.labels != s.labels }) {
		name += ", " + labelsText(s.labels)
	}
	if slices.ContainsFunc(b.all, func(o *series) bool { return o.defender != s.defender }) {
		name += ", " + defenderName(s.defender)
	}
	var keys []string
	for _, key := range b.shownKeys() {
		value := s.keys[key]
		if !strings.HasPrefix(key, "attackers.") && slices.ContainsFunc(b.all, func(o *series) bool { return o.keys[key] != value }) {
			keys = append(keys, key[strings.LastIndexByte(key, '.')+1:]+" = "+value)
		}
	}
	return strings.Join(append([]string{name}, keys...), ", ")
}

// tradeOff draws standard against robustness accuracy of the defenders of the largest
// game with several defenders.
func (d *drawing) tradeOff() error {
	defenders := map[int][]*series{}
	for _, s := range d.done() {
		if d.atUsual(s) &&
			!slices.ContainsFunc(defenders[s.n], func(o *series) bool { return o.defender == s.defender }) {
			defenders[s.n] = append(defenders[s.n], s)
		}
	}
	best := 0
	for _, n := range slices.Sorted(maps.Keys(defenders)) {
		if len(defenders[n]) > 1 && len(defenders[n]) >= len(defenders[best]) {
			best = n
		}
	}
	chart := figures.Chart{
		Name: "trade-off", Title: fmt.Sprintf("Standard and robustness accuracy of the defenders, N = %d", best),
		Caption: "Robustness accuracy: images with a trigger that are still taken for what they are, mean over the attackers. Up and right is better. Bars: 95 % CI " + d.intervalBasis() + ".",
		X:       figures.Axis{Label: "standard accuracy", Share: true}, Y: figures.Axis{Label: "robustness accuracy", Share: true, Whole: true},
	}
	for _, s := range defenders[best] {
		clean, robust := s.clean(), s.robustness()
		chart.Lines = append(chart.Lines, figures.Line{Name: defenderName(s.defender), Loose: true, Points: []figures.Point{{
			X: float64(clean.Mean), XBar: bar(clean), Y: float64(robust.Mean), YBar: bar(robust), Spread: math.NaN(),
			Images: min(clean.Images, robust.Images),
		}}})
	}
	return d.add(chart, defenders[best])
}
