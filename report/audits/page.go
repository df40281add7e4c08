package audits

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"backfire/audit"
	"backfire/audit/charts"
	"backfire/figures"
	"backfire/paper"
	"backfire/report/sections"
	"backfire/stats"
)

// nan stands for an undefined number in figures.
var nan = math.NaN()

// Figures returns the figures of the document: the half-normal plots and main effects of the screening, the maps and
// curves of the phase diagram, and the law of shares. Each has a description and the table of its values. The main
// effects on interference are the Lead, or else the first of them.
func (d *Document) Figures() ([]*figures.Figure, error) {
	var all []*figures.Figure
	add := func(f *figures.Figure, err error) error {
		if errors.Is(err, figures.ErrEmpty) {
			return nil
		}
		if err == nil {
			f.Basis = fmt.Sprintf("Audit %s on %s, %.12s.", d.Name, d.Dataset, d.Result.Hash)
			all = append(all, f)
		}
		return err
	}
	for _, m := range []audit.Measure{audit.Interference, audit.Lift} {
		if err := add(d.halfNormal(m).Figure()); err != nil {
			return nil, err
		}
		if err := add(d.mainEffects(m).Figure()); err != nil {
			return nil, err
		}
	}
	published, err := paper.Places(d.Dataset)
	if err != nil && !errors.Is(err, paper.ErrNoFigures) {
		return nil, err
	}
	for i, diagram := range d.Result.Phase {
		for _, q := range []charts.Quantity{charts.Success, charts.Lift, charts.Interference} {
			f, err := charts.Map(diagram, q, published)
			if err == nil {
				f.Name = fmt.Sprintf("%s-%d", f.Name, i+1)
			}
			if err := add(f, err); err != nil {
				return nil, err
			}
		}
		f, err := charts.Curves(diagram, charts.ASR)
		if err == nil {
			f.Name = fmt.Sprintf("%s-%d", f.Name, i+1)
		}
		if err := add(f, err); err != nil {
			return nil, err
		}
	}
	lead := max(0, slices.IndexFunc(all, func(f *figures.Figure) bool { return f.Name == "main-effects-"+string(audit.Interference) }))
	if len(all) > 0 {
		all[lead].Lead = true
	}
	if d.Result.Law != nil {
		if err := add(charts.Law(d.Result.Predictions, d.Result.StatedLaw())); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// effectsOn returns the effects on a measure at the largest N.
func (d *Document) effectsOn(m audit.Measure) []audit.Screened {
	var effects []audit.Screened
	largest := 0
	for _, e := range d.Result.Effects {
		largest = max(largest, e.N)
	}
	for _, e := range d.Result.Effects {
		if e.Measure == m && e.N == largest && e.Estimate.Defined() {
			effects = append(effects, e)
		}
	}
	return effects
}

// halfNormal returns the half-normal plot of the effects on a measure.
func (d *Document) halfNormal(m audit.Measure) figures.HalfNormal {
	effects := d.effectsOn(m)
	h := figures.HalfNormal{
		Name: "half-normal-" + string(m), Title: "Half-normal plot of the effects on " + string(m), Quantity: string(m),
		Caption: "Effects of nothing but noise lie on the line; filled ones are beyond the margin with their whole 95 % interval.",
		Noise:   audit.Reference(effects) / 2.3,
	}
	for _, e := range effects {
		h.Effects = append(h.Effects, figures.Effect{
			Name: e.Name, Value: float64(e.Estimate), CI: figures.Bar{Low: float64(e.Low), High: float64(e.High)},
			Marked: e.Direction == audit.Raises || e.Direction == audit.Lowers,
		})
	}
	return h
}

// mainEffects returns the figure of the main effects on a measure.
func (d *Document) mainEffects(m audit.Measure) figures.MainEffects {
	out := figures.MainEffects{
		Name: "main-effects-" + string(m), Title: "Mean " + string(m) + " at the two levels of each reading", Quantity: string(m),
		Caption: "Over all runs with that level.", Signed: true,
	}
	none := figures.Bar{Low: nan, High: nan}
	effects := d.effectsOn(m)
	sum := 0.0
	for i, e := range effects {
		if !e.Main() {
			continue
		}
		factor := d.Result.Spec.Factors[i]
		low, high := d.meanAt(factor.Name, factor.Low.Name, m, e.N), d.meanAt(factor.Name, factor.High.Name, m, e.N)
		sum += (low + high) / 2
		out.Factors = append(out.Factors, figures.FactorMeans{
			Factor: factor.Name, Low: factor.Low.Name, High: factor.High.Name, AtLow: low, AtHigh: high, LowCI: none, HighCI: none,
			Effect: float64(e.Estimate), EffectCI: figures.Bar{Low: float64(e.Low), High: float64(e.High)},
			Marked: e.Direction == audit.Raises || e.Direction == audit.Lowers,
		})
	}
	out.Mean = sum / float64(max(1, len(out.Factors)))
	return out
}

// meanAt returns the mean of a measure at a level.
func (d *Document) meanAt(factor, level string, m audit.Measure, n int) float64 {
	for _, mean := range d.Result.Means {
		if mean.Factor == factor && mean.Level == level && mean.Measure == m && mean.N == n {
			return float64(mean.Mean)
		}
	}
	return nan
}

// signs tell answers and directions apart without colours.
var signs = map[string]string{"supported": "▲", "opposite": "▼", "no effect": "=", "undecided": "?", "lowers": "▼", "raises": "▲"}

// WritePage writes the document as one HTML page with its figures, which needs no network. The page has what the
// other forms have, and the games with their models. The errors are those of Figures and of w.
func (d *Document) WritePage(w io.Writer) error {
	drawn, err := d.Figures()
	if err != nil {
		return fmt.Errorf("audits: draw: %w", err)
	}
	page := sections.Page{Title: d.sections[0].Title, Figures: drawn}
	for _, s := range append(slices.Clone(d.sections), d.games()) {
		switch s.ID {
		case "primary":
			page.Finding = cmp.Or(d.finding(), s.Text[0])
		case "matrix", "screening", "law":
			s.Signs, s.Heads = signs, slices.Clone(s.Heads)
			for i, head := range s.Heads {
				s.Heads[i] = cmp.Or(head, "answer")
			}
		case "cells":
			for _, row := range s.Rows {
				s.Links = append(s.Links, map[int]string{3: "#" + placeOf(row[0], row[1], row[2])})
			}
		}
		page.Sections = append(page.Sections, s)
	}
	return page.Write(w)
}

// finding returns what the primary reading shows in plain words; empty if nothing does.
func (d *Document) finding() string {
	if a := d.Result.Matrix[0].Answer("C1"); a != nil {
		return a.Finding
	}
	return ""
}

// placeOf returns the anchor of the games of a cell of the phase diagram: of a row of the section of cells.
func placeOf(reading, n, k string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, "g-"+reading+"-"+n+"-"+k)
}

// games lists the games with their models. The first game of each cell of the phase diagram has the cell's anchor.
func (d *Document) games() sections.Section {
	s := sections.Section{
		ID: "games", Title: "Games and their models", Folded: true,
		Text:  []string{"The name of a model is that of its directory in the store: backfire models show HASH."},
		Heads: []string{"stage", "reading", "k", "N", "seed", "lift", "interference", "models"},
	}
	seen := map[string]bool{}
	for _, g := range d.Result.Games {
		id, poisoned := "", ""
		if g.Stage == audit.StagePhase {
			if place := placeOf(d.pairReading(g), fmt.Sprint(g.N), fmt.Sprint(g.Poisoned)); !seen[place] {
				seen[place], id = true, place
			}
		}
		if g.Poisoned > 0 {
			poisoned = fmt.Sprint(g.Poisoned)
		}
		var models []string
		for _, hash := range g.Models {
			models = append(models, hash[:min(len(hash), 12)])
		}
		s.IDs = append(s.IDs, id)
		s.Rows = append(s.Rows, []string{
			string(g.Stage), g.Reading, poisoned, fmt.Sprint(g.N), fmt.Sprint(g.Seed), stats.Points(g.Lift), stats.Points(g.Interference), strings.Join(models, " "),
		})
	}
	return s
}

// pairReading returns the reading of a game of the phase diagram in the words of the diagram.
func (d *Document) pairReading(g audit.GameLine) string {
	var parts []string
	for part := range strings.SplitSeq(g.Reading, ", ") {
		for _, name := range d.Result.Pair {
			if strings.HasPrefix(part, name+" = ") {
				parts = append(parts, part)
			}
		}
	}
	return strings.Join(parts, ", ")
}
