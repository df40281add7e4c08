// Package audits writes the answers of an audit for people and programs: as text, Markdown, CSV and JSON, and as a
// page with figures. A Document holds them in sections of sentences and tables; each form writes the same sections.
package audits

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"backfire/audit"
	"backfire/audit/phase"
	"backfire/claims"
	"backfire/internal/visible"
	"backfire/internal/words"
	"backfire/report/sections"
	"backfire/stats"
)

// Document holds the findings of an audit of one dataset.
type Document struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Dataset string        `json:"dataset"`
	Missing int           `json:"missing"` // models that have no result yet
	Hours   float64       `json:"hours"`   // of training, summed over the models
	Result  *audit.Result `json:"result"`

	sections []sections.Section
}

// New returns the document of a result.
func New(r *audit.Result, dataset string, missing int, hours float64) *Document {
	d := &Document{Name: r.Spec.Name, Title: r.Spec.Title, Dataset: dataset, Missing: missing, Hours: hours, Result: r}
	d.sections = []sections.Section{d.about(), d.primary(), d.matrix(), d.screening()}
	if len(r.Combinations) > 0 {
		d.sections = append(d.sections, d.combinations())
	}
	if len(r.Phase) > 0 {
		d.sections = append(d.sections, d.diagram(), d.cells())
	}
	if r.Law != nil {
		d.sections = append(d.sections, d.law())
	}
	if len(r.Nearest) > 0 {
		d.sections = append(d.sections, d.nearest())
	}
	return d
}

// FileName returns the name of the document's files without extension.
func (d *Document) FileName() string { return visible.FileName("audit-" + d.Name + "-" + d.Dataset) }

// about states what was fixed, and what is missing.
func (d *Document) about() sections.Section {
	spec := d.Result.Spec
	s := sections.Section{ID: "about", Title: "Audit " + d.Name + " on " + d.Dataset, Text: []string{
		spec.Title + ".",
		fmt.Sprintf("Fixed before training as %.12s: factors, design, seeds, margins, budget and all games that are played in any case.", d.Result.Hash),
		fmt.Sprintf("Primary reading: %s. Effects of less than %g points count as none. All answers but those of the primary reading are exploratory: each may be wrong in 5 %% of audits.",
			spec.Text(spec.PrimaryLevels()), 100*spec.Margins.Effect),
	}}
	if d.Hours > 0 {
		s.Text = append(s.Text, words.Duration(words.Seconds(3600*d.Hours))+" of training, summed over the models.")
	}
	if d.Missing > 0 {
		s.Text = append(s.Text, fmt.Sprintf("%d models that the audit asks for have no result yet, so that these answers are not its last.", d.Missing))
	}
	return s
}

// primary holds the verdicts of the primary reading.
func (d *Document) primary() sections.Section {
	s := sections.Section{ID: "primary", Title: "Verdicts of the primary reading"}
	for _, a := range d.Result.Matrix[0].Answers {
		mark := ""
		if a.Exploratory {
			mark = " (exploratory)"
		}
		s.Text = append(s.Text, fmt.Sprintf("%s%s: %s", a.Claim, mark, a.Sentence))
	}
	if len(s.Text) == 0 {
		s.Text = []string{"No game of the primary reading is stored yet."}
	}
	return s
}

// claimsOf returns the claims that some row answers, in their order.
func (d *Document) claimsOf() []string {
	var ids []string
	for _, claim := range claims.All() {
		if slices.ContainsFunc(d.Result.Matrix, func(r audit.Row) bool { return r.Answer(claim.ID) != nil }) {
			ids = append(ids, claim.ID)
		}
	}
	return ids
}

// matrix is the verdict matrix.
func (d *Document) matrix() sections.Section {
	ids := d.claimsOf()
	s := sections.Section{ID: "matrix", Title: "Verdict matrix", Heads: append([]string{"stage", "reading", "scale"}, ids...)}
	for _, id := range ids {
		claim, _ := claims.Find(id) // claimsOf has it from the list
		s.Text = append(s.Text, fmt.Sprintf("%s: %s.", id, claim.Says))
	}
	s.Text = append(s.Text, "Estimates are in points. An undecided claim has the number of seeds that would probably settle it, or the least with which it has any answer. "+
		"A row of the screening covers all runs with that level, whatever the other readings are. "+
		"In the phase diagram, readings that differ in their labels alone are judged together.")
	for i, row := range d.Result.Matrix {
		reading := row.Reading
		if i == 0 {
			reading = "primary reading"
		}
		line := []string{string(row.Stage), reading, row.Scale}
		for _, id := range ids {
			line = append(line, answerText(row.Answer(id)))
		}
		s.Rows = append(s.Rows, line)
	}
	return s
}

// answerText returns an answer as an entry of the matrix.
func answerText(a *audit.Answer) string {
	if a == nil {
		return ""
	}
	text := string(a.Outcome)
	switch {
	case a.Outcome != claims.Undecided || a.Needed == 0:
	case a.TooFew:
		text += fmt.Sprintf(" (at least %d seeds)", a.Needed)
	default:
		text += fmt.Sprintf(" (about %d seeds)", a.Needed)
	}
	if a.Estimate.Defined() {
		text += " " + stats.Points(a.Estimate)
	}
	return text
}

// interval returns an estimate with its interval in points.
func interval(estimate, low, high stats.Number) string {
	return fmt.Sprintf("%s [%s, %s]", stats.Points(estimate), stats.Points(low), stats.Points(high))
}

// screening holds the effects at the largest N.
func (d *Document) screening() sections.Section {
	r := d.Result
	design := r.Design
	s := sections.Section{ID: "screening", Title: "Screening: effects of the readings", Text: []string{designSentence(d)}}
	if len(r.Effects) == 0 {
		return s
	}
	largest := r.Effects[len(r.Effects)-1].N
	s.Text = append(s.Text, fmt.Sprintf("Effects at N = %d: the mean with the second level minus that with the first, in points, with 95 %% intervals over the seeds; share: of the variance between runs. A group of interactions has one effect: their sum. %s", largest, r.Effects[len(r.Effects)-1].Interval.Sentence()))
	if r.Collapsed > 0 {
		s.Text = append(s.Text, fmt.Sprintf("%d games of the screening have a model that is no better than guessing; they count as measured.", r.Collapsed))
	}
	if design.FoldOver != "" {
		s.Text = append(s.Text, "Runs were added with reversed levels of "+design.FoldOver+", since two pairs of factors that matter were aliases.")
	}
	s.Heads = []string{"effect"}
	for _, m := range audit.Measures() {
		s.Heads = append(s.Heads, string(m), "", "share")
	}
	byName := map[string][]string{}
	var names []string
	for _, e := range r.Effects {
		if e.N != largest {
			continue
		}
		if byName[e.Name] == nil {
			names = append(names, e.Name)
			byName[e.Name] = []string{e.Name}
		}
		share := "-"
		if e.Share.Defined() {
			share = fmt.Sprintf("%.0f %%", 100*float64(e.Share))
		}
		byName[e.Name] = append(byName[e.Name], interval(e.Estimate, e.Low, e.High), string(e.Direction), share)
	}
	for _, name := range names {
		s.Rows = append(s.Rows, byName[name])
	}
	return s
}

// combinations holds the interference where the two strongest factors have some levels.
func (d *Document) combinations() sections.Section {
	s := sections.Section{
		ID: "combinations", Title: "Screening: interference by combination of the two strongest readings",
		Text: []string{"The lift of the attackers that were also played alone, in percent: alone with the same poisoned images (matched single), and among N. " +
			"The difference is the interference, in points, with its 95 % interval. Means over the runs with these readings, whatever the others are; the last column has the least and the most of a seed."},
		Heads: []string{"reading", "N", "lift alone", "among N", "interference", "by seed"},
	}
	for _, c := range d.Result.Combinations {
		seeds := "-"
		if least, most := c.BySeed(); least.Defined() {
			seeds = stats.Points(least) + " to " + stats.Points(most)
		}
		s.Rows = append(s.Rows, []string{
			c.Reading, fmt.Sprint(c.N), percent(c.Single), percent(c.Lift), interval(c.Interference, c.Low, c.High), seeds,
		})
	}
	return s
}

// designSentence describes the design.
func designSentence(d *Document) string {
	design := d.Result.Design
	text := fmt.Sprintf("%d factors in %d runs, %d seeds with all runs", len(d.Result.Spec.Factors), design.Runs, d.Result.Seeds)
	if len(design.Words) == 0 {
		return text + "; all combinations."
	}
	return fmt.Sprintf("%s; resolution %d: %s.", text, design.Resolution, strings.Join(design.Generators, "; "))
}

// diagram holds the numbers of poisoned images at which half of the attackers succeed.
func (d *Document) diagram() sections.Section {
	r := d.Result
	s := sections.Section{
		ID: "phase", Title: "Phase diagram: poisoned images per attacker at which half of the attackers succeed",
		Text:  []string{fmt.Sprintf("Readings: %s; all others as in the primary reading. Rule for more seeds: %s.", strings.Join(r.Pair, " and "), r.Spec.Phase.Rule())},
		Heads: []string{"reading", "N", "k at 50 %", "band"},
	}
	for _, diagram := range r.Phase {
		if diagram.Coincidence != nil {
			s.Text = append(s.Text, diagram.Reading+": "+diagram.Coincidence.Sentence)
		}
		for _, c := range diagram.Curves {
			s.Rows = append(s.Rows, []string{diagram.Reading, fmt.Sprint(c.N), halfText(c), fmt.Sprintf("%s to %s", images(c.Low), images(c.High))})
		}
	}
	if n := len(r.Undecided); n > 0 {
		s.Text = append(s.Text, fmt.Sprintf("Undecided after all seeds or for want of budget (hatched in the figure): %d cells: %s.", n, strings.Join(r.Undecided, "; ")))
	}
	return s
}

// halfText returns the k at which half succeed.
func halfText(c phase.Curve) string {
	switch c.Position {
	case phase.Smaller:
		return fmt.Sprintf("at most %d", c.Smallest)
	case phase.Larger:
		return fmt.Sprintf("more than %d", c.Largest)
	case phase.Falling:
		return "none: success falls with k"
	default:
		return images(c.Half)
	}
}

// images returns a number of images.
func images(x stats.Number) string {
	if !x.Defined() {
		return "-"
	}
	return fmt.Sprintf("%.0f", float64(x))
}

// cells holds the rates of every cell of the phase diagram.
func (d *Document) cells() sections.Section {
	s := sections.Section{
		ID: "cells", Title: "Cells of the phase diagram",
		Text:  []string{"Means over the seeds, in percent and points."},
		Heads: []string{"reading", "N", "k", "seeds", "success", "95 %", "standing", "ASR", "lift", "interference"},
	}
	for _, diagram := range d.Result.Phase {
		for _, c := range diagram.Cells {
			s.Rows = append(s.Rows, []string{
				diagram.Reading, fmt.Sprint(c.N), fmt.Sprint(c.K), fmt.Sprint(len(c.Seeds)), percent(c.Success), percent(c.Low) + " to " + percent(c.High),
				string(c.Standing), percent(c.ASR), percent(c.Lift), stats.Points(c.Interference),
			})
		}
	}
	return s
}

// percent returns a share in percent with one decimal: the number of images behind it is not known here.
func percent(x stats.Number) string { return stats.Percent(x, math.MaxInt) }

// law holds the test of the law of shares.
func (d *Document) law() sections.Section {
	law := d.Result.Law
	s := sections.Section{
		ID: "law", Title: "H1, the law of shares", Text: []string{d.Result.StatedLaw().Sentence},
		Heads: []string{"games", "told apart", "single ASR", "predicted", "ASR", "residual", "interference", "answer"},
	}
	if by := d.Result.LawByMatrix; by != nil {
		s.Text[0] = "By what the cross-trigger matrices show the networks to tell apart: " + by.Sentence
		s.Text = append(s.Text, "By the design of the triggers, known before training: "+law.Sentence)
		law = by
	}
	for _, c := range law.Conditions {
		if !c.Tells {
			continue // law and "no interference" predict nearly the same
		}
		s.Rows = append(s.Rows, []string{
			c.Name, fmt.Sprintf("%.0f %%", 100*c.Told), percent(stats.Number(c.Single)), percent(stats.Number(c.Predicted)), percent(stats.Number(c.ASR)),
			interval(c.Residual.Estimate, c.Residual.Low, c.Residual.High),
			interval(c.Interference.Estimate, c.Interference.Low, c.Interference.High), string(c.Outcome),
		})
	}
	return s
}

// nearest compares with the paper's tables.
func (d *Document) nearest() sections.Section {
	s := sections.Section{
		ID: "nearest", Title: "Nearest to the paper",
		Text:  []string{"Distance: the root of the mean squared difference of the mean ASRs, over the numbers of attackers that the table and a condition share."},
		Heads: []string{"table", "N", "paper", "nearest", "seeds"},
	}
	for _, n := range d.Result.Nearest {
		s.Text = append(s.Text, n.Sentence())
		for _, f := range n.Figures {
			s.Rows = append(s.Rows, []string{fmt.Sprint(n.Table), fmt.Sprint(f.N), percent(f.Paper), percent(f.Measured), fmt.Sprint(f.Seeds)})
		}
	}
	return s
}
