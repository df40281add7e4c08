package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"backfire/defenses/vote"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/game"
	"backfire/report/table"
	"backfire/stats"
)

// The quantities of votes: the right answers that no t agents could have changed, on clean images and on images with
// triggers, and the answers that an attack changed.
const (
	quantityCertified       table.Quantity = "certified_accuracy"
	quantityCertifiedRobust table.Quantity = "certified_robustness"
	quantityChanged         table.Quantity = "answers_changed"
)

// votes reports whether models voted in a game of the series.
func (s *series) votes() bool {
	return slices.ContainsFunc(s.complete(), func(p played) bool { return p.game.Vote != nil })
}

// certificatesWidth is the number of characters of a line of the table of certificates.
const certificatesWidth = 200

// The games of a row of the table of certificates.
const (
	asPlayed      = "as played"
	withoutPoison = "without poison"
)

// certificates fills the table of the certificates of votes: a row for each game and rule, and one for the same
// vote without poison where it was played, with the answers that the attack changed.
func (b *builder) certificates() {
	t := b.table
	t.Title = "Certificates of votes on " + t.Dataset + ": " + cmp.Or(b.opt.Title, t.Name)
	heads, labels := b.naming(true)
	t.Heads = slices.Concat(heads, []string{"rule", "game"})
	numbers := b.certifiedNumbers()
	controlled := slices.ContainsFunc(b.all, func(s *series) bool { return s.controlled() })
	groups := []string{"certified acc., t =", "certified robust., t ="}
	if controlled {
		groups = append(groups, "changed, certificate =")
	}
	for _, group := range groups {
		for _, n := range numbers {
			t.Columns = append(t.Columns, table.Column{Group: group, Head: strconv.Itoa(n)})
		}
	}
	for _, s := range b.all {
		for _, rule := range vote.Rules() {
			row := table.Row{Labels: append(labels(s), string(rule), asPlayed), Entries: s.certifiedEntries(numbers, func(v *summary.Vote) *summary.VoteOutcome { return v.By(rule) })}
			row.Marks = b.gameMarks(s)
			if controlled {
				row.Entries = append(row.Entries, make([]table.Entry, len(numbers))...)
			}
			t.Rows = append(t.Rows, row)
			if s.controlled() {
				t.Rows = append(t.Rows, b.controlRow(s, rule, numbers, append(labels(s), string(rule), withoutPoison)))
			}
		}
	}
	t.Width = certificatesWidth
	text := "In percent. Certified for t agents: right answers that no t agents could have changed, whatever they had sent. acc.: on the defender's held-out images; " +
		"robust.: on the attackers' images with their triggers. t = 0: all right answers. "
	if controlled {
		text += "Changed by the attack: of the answers that have this certificate in the game without poison, those that are others in the game as played. "
	}
	t.Notes = append(t.Notes, text+b.intervals(), b.scale(), b.readingsNote())
}

// controlled reports whether a vote of the series was played without poison, too.
func (s *series) controlled() bool {
	return slices.ContainsFunc(s.complete(), func(p played) bool { return p.game.Vote != nil && p.game.Vote.Control != nil })
}

// certifiedNumbers returns the numbers of agents that have columns: all up to the largest for which an answer is
// certified, or if these are many fewer and fewer of the large ones.
func (b *builder) certifiedNumbers() []int {
	const all = 5
	largest := 0
	for _, s := range b.all {
		for _, p := range s.complete() {
			if v := p.game.Vote; v != nil {
				for i := range v.Rules {
					largest = max(largest, len(v.Rules[i].Certified)-1)
				}
				if v.Control != nil {
					for i := range v.Control.Rules {
						largest = max(largest, len(v.Control.Rules[i].Certified)-1)
					}
				}
			}
		}
	}
	var numbers []int
	for n := 0; n <= largest; n = next(n, all) {
		numbers = append(numbers, n)
	}
	return numbers
}

// next returns the number that follows n in 0, 1, ..., all, 10, 20, 50, 100, ...
func next(n, all int) int {
	if n < all {
		return n + 1
	}
	for _, step := range []float64{1, 2, 5} {
		if larger := int(step * math.Pow(10, math.Floor(math.Log10(float64(n))))); larger > n {
			return larger
		}
	}
	return int(math.Pow(10, math.Floor(math.Log10(float64(n)))+1))
}

// certified returns a certified accuracy of each seed.
func (s *series) certified(quantity table.Quantity, agents int, outcome func(*summary.Vote) *summary.VoteOutcome) table.Value {
	return table.NewValue(quantity, s.seeds(func(g *summary.GameSummary) float64 {
		if g.Vote == nil || outcome(g.Vote) == nil {
			return float64(stats.Undefined())
		}
		c := outcome(g.Vote).CertifiedFor(agents)
		if quantity == quantityCertifiedRobust {
			return shareOf(c.Robust)
		}
		return shareOf(c.Clean)
	}, map[bool]func(played) int{true: played.attackersImages, false: played.cleanImages}[quantity == quantityCertifiedRobust]))
}

// shareOf returns a rate, undefined if it is over no images.
func shareOf(r game.Rate) float64 {
	if r.Of == 0 {
		return float64(stats.Undefined())
	}
	return r.Value()
}

// certifiedEntries returns the certified accuracies for numbers of agents, then the certified robustness accuracies.
func (s *series) certifiedEntries(numbers []int, outcome func(*summary.Vote) *summary.VoteOutcome) []table.Entry {
	var entries []table.Entry
	for _, quantity := range []table.Quantity{quantityCertified, quantityCertifiedRobust} {
		for _, n := range numbers {
			entries = append(entries, table.EntryOf(s.certified(quantity, n, outcome)))
		}
	}
	return entries
}

// ownRule returns the outcome of a vote by the rule by which the defender answers.
func ownRule(v *summary.Vote) *summary.VoteOutcome { return v.By(v.Rule) }

// controlBy returns the outcome by a rule of the same vote without poison; nil if it was not played.
func controlBy(v *summary.Vote, rule vote.Rule) *summary.ControlOutcome {
	if v == nil || v.Control == nil {
		return nil
	}
	return &v.Control.Rules[slices.Index(vote.Rules(), rule)]
}

// controlRow returns the row of a vote without poison, with a mark that tells whether the attack changed answers
// that it could not change.
func (b *builder) controlRow(s *series, rule vote.Rule, numbers []int, labels []string) table.Row {
	row := table.Row{Labels: labels, Entries: s.certifiedEntries(numbers, func(v *summary.Vote) *summary.VoteOutcome {
		if o := controlBy(v, rule); o != nil {
			return &o.VoteOutcome
		}
		return nil
	})}
	var all, covered, changed, broken int
	for _, p := range s.complete() {
		o := controlBy(p.game.Vote, rule)
		if o == nil {
			continue
		}
		broken += o.Broken
		for _, c := range o.Changed {
			if all += c.Clean.Of + c.Triggered.Of; c.Agents >= p.game.Vote.Control.Groups {
				covered += c.Clean.Of + c.Triggered.Of
			}
			changed += c.Clean.Hits + c.Triggered.Hits
		}
	}
	row.Marks = []string{b.table.Mark(fmt.Sprintf("The attack changed %d of %d answers. %d have a certificate of at least the number of groups with attackers: it changed %d that have one with or without poison.",
		changed, all, covered, broken))}
	for _, n := range numbers {
		row.Entries = append(row.Entries, table.EntryOf(table.NewValue(quantityChanged, s.perSeed(func(p played) (table.Measured, bool) {
			o := controlBy(p.game.Vote, rule)
			if o == nil || n >= len(o.Changed) {
				return table.Measured{}, false
			}
			r := game.Rate{Hits: o.Changed[n].Clean.Hits + o.Changed[n].Triggered.Hits, Of: o.Changed[n].Clean.Of + o.Changed[n].Triggered.Of}
			return table.Measured{Value: shareOf(r), Images: r.Of}, true
		}))))
	}
	return row
}

// certifiedCurves draws the certified accuracies of votes against the number of agents, a line for each game, by
// the rule by which its defender answers.
func (d *drawing) certifiedCurves() error {
	var voting []*series
	for _, s := range d.done() {
		if s.votes() {
			voting = append(voting, s)
		}
	}
	drawn := voting
	if len(drawn) > mostCurves {
		drawn = spreadOut(drawn, mostCurves)
	}
	for _, figure := range []struct {
		quantity             table.Quantity
		name, title, caption string
	}{
		{quantityCertified, "certified", "Certified accuracy", "Share of the defender's held-out images with right answers that no t agents could have changed, whatever they had sent."},
		{quantityCertifiedRobust, "certified-robust", "Certified robustness accuracy", "Share of the attackers' held-out images with their triggers with right answers that no t agents could have changed, whatever they had sent."},
	} {
		chart := figures.Chart{
			Name: figure.name, Title: figure.title, Caption: figure.caption + " Capped bars: 95 % CI " + d.intervalBasis() + ".",
			X: figures.Axis{Label: "agents t", Count: true}, Y: figures.Axis{Label: figure.title, Share: true, Whole: true},
		}
		if len(drawn) < len(voting) {
			chart.Caption += fmt.Sprintf(" %d of %d games.", len(drawn), len(voting))
		}
		for _, s := range drawn {
			line := figures.Line{Name: d.certifiedName(s)}
			for t := range s.mostCertified() + 1 {
				line.Points = append(line.Points, point(float64(t), s.certified(figure.quantity, t, ownRule)))
			}
			chart.Lines = append(chart.Lines, line)
		}
		if err := d.add(chart, drawn); err != nil {
			return err
		}
	}
	return nil
}

// certifiedName names a game in the figures of certificates.
func (d *drawing) certifiedName(s *series) string {
	if s.name == "" || s.name == d.table.Name {
		return d.gameName(s)
	}
	return s.name + ", " + d.gameName(s)
}

// mostCertified returns the largest number of agents for which the defender's rule certifies an answer in any seed.
func (s *series) mostCertified() int {
	most := 0
	for _, p := range s.complete() {
		if v := p.game.Vote; v != nil {
			most = max(most, len(ownRule(v).Certified)-1)
		}
	}
	return most
}
