// Package costs writes the answers of a search for the cheapest attack: as text, Markdown,
// CSV and JSON, and as a page with a curve.
package costs

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"backfire/cheapest"
	"backfire/figures"
	"backfire/internal/spreadsheet"
	"backfire/report/sections"
	"backfire/stats"
)

// Document holds the answers of a search on one dataset.
type Document struct {
	Dataset string           `json:"dataset"`
	Result  *cheapest.Result `json:"result"`

	sections []sections.Section
}

// Format is a form of a document; it is the extension of its file.
type Format string

// The formats. CSV has a line for each number of attackers and seed.
const (
	Text     Format = sections.TextFormat
	Markdown Format = sections.MarkdownFormat
	CSV      Format = "csv"
	JSON     Format = sections.JSONFormat
	Page     Format = "html"
)

// Formats returns the formats.
func Formats() []Format { return []Format{Text, Markdown, CSV, JSON, Page} }

// New returns the document of a result.
func New(r *cheapest.Result, dataset string) *Document {
	d := &Document{Dataset: dataset, Result: r}
	d.sections = []sections.Section{d.answer(), d.thresholds(), d.models()}
	return d
}

// Name names the search by its unit, target and dataset.
func (d *Document) Name() string {
	return fmt.Sprintf("cheapest-%s-%.0f-%s", d.Result.Spec.Unit, 100*d.Result.Spec.Target, d.Dataset)
}

// unit returns what is searched, in words.
func (d *Document) unit() string {
	if d.Result.Spec.Unit == cheapest.Percent {
		return "p = p0 = p1 = p2"
	}
	return "poisoned images of each attacker k"
}

// answer states how the threshold depends on N.
func (d *Document) answer() sections.Section {
	r := d.Result
	s := sections.Section{
		ID: "answer", Title: fmt.Sprintf("The cheapest attack on %s: ASR of %.0f %%", d.Dataset, 100*r.Spec.Target),
		Text: []string{
			r.Sentence,
			fmt.Sprintf("Geometric means over %d seeds with 95 %% intervals (Student's t on logarithms) of the smallest %s that reaches the target, found to %.0f %%. A ratio within %.4g counts as none. A model that is no better than guessing does not count as reaching it.",
				r.Spec.Seeds, d.unit(), 100*r.Spec.Tolerance, r.Spec.Margin),
			fmt.Sprintf("Sweep %.12s.", r.Hash),
		},
		Heads: []string{"N", "smallest " + string(r.Spec.Unit), "95 %", "seeds that reach it", "never", "open"},
	}
	for _, c := range r.Costs {
		s.Rows = append(s.Rows, []string{fmt.Sprint(c.N), d.value(c.Mean), d.interval(c.Interval), fmt.Sprint(c.Reached), fmt.Sprint(c.Never), fmt.Sprint(c.Open)})
	}
	return s
}

// value returns a value of the search.
func (d *Document) value(x stats.Number) string {
	if !x.Defined() {
		return "-"
	}
	return d.Result.Spec.Unit.Text(float64(x))
}

// interval returns an interval of values.
func (d *Document) interval(i stats.Interval) string {
	if !i.Low.Defined() || !i.High.Defined() {
		return "-"
	}
	return d.value(i.Low) + " to " + d.value(i.High)
}

// thresholds lists the outcome of each search.
func (d *Document) thresholds() sections.Section {
	s := sections.Section{
		ID: "thresholds", Title: "Brackets by seed", Text: []string{"The largest value that misses the target, and the smallest that reaches it."},
		Heads: []string{"N", "seed", "misses", "reaches"},
	}
	for _, t := range d.Result.Thresholds {
		reaches := d.Result.Spec.Unit.Text(float64(t.Value))
		switch {
		case !t.Done:
			reaches = "open"
		case t.Value == 0:
			reaches = "none"
		}
		s.Rows = append(s.Rows, []string{fmt.Sprint(t.N), fmt.Sprint(t.Seed), d.Result.Spec.Unit.Text(float64(t.Below)), reaches})
		var links map[int]string
		if slices.ContainsFunc(d.Result.Games, func(g cheapest.Game) bool { return g.N == t.N && g.Seed == t.Seed }) {
			links = map[int]string{0: fmt.Sprintf("#m-%d-%d", t.N, t.Seed)}
		}
		s.Links = append(s.Links, links)
	}
	return s
}

// models lists the games with their models.
func (d *Document) models() sections.Section {
	s := sections.Section{
		ID: "models", Title: "Models of the search", Folded: true,
		Text:  []string{"The name of a model is that of its directory in the store: backfire models show HASH."},
		Heads: []string{"N", "seed", string(d.Result.Spec.Unit), "ASR", "model"},
	}
	for _, t := range d.Result.Thresholds {
		id := fmt.Sprintf("m-%d-%d", t.N, t.Seed)
		for _, g := range d.Result.Games {
			if g.N != t.N || g.Seed != t.Seed {
				continue
			}
			asr := fmt.Sprintf("%.1f", 100*g.ASR)
			if g.Collapsed {
				asr += " (no better than guessing)"
			}
			s.IDs = append(s.IDs, id)
			id = ""
			s.Rows = append(s.Rows, []string{fmt.Sprint(g.N), fmt.Sprint(g.Seed), d.Result.Spec.Unit.Text(float64(g.Value)), asr, g.Model[:min(len(g.Model), 12)]})
		}
	}
	return s
}

// Figure returns the curve of the threshold against N. The error wraps figures.ErrEmpty if
// no threshold is known.
func (d *Document) Figure() (*figures.Figure, error) {
	scale := 1.0
	c := figures.Chart{
		Name: "cheapest-" + string(d.Result.Spec.Unit), Title: "The cheapest attack by number of attackers", Caption: d.Result.Sentence + " Bars: 95 % intervals; open signs: single seeds.",
		X: figures.Axis{Label: "attackers N", Listed: true}, Y: figures.Axis{Label: "smallest " + d.unit()},
	}
	if d.Result.Spec.Unit == cheapest.Percent {
		scale = 100
	}
	mean, seeds := figures.Line{Name: "geometric mean"}, figures.Line{Name: "a seed", Loose: true, Quiet: true}
	for _, cost := range d.Result.Costs {
		if cost.Mean.Defined() {
			p := figures.At(float64(cost.N), float64(cost.Mean)/scale)
			if cost.Interval.Low.Defined() {
				p.YBar = figures.Bar{Low: float64(cost.Interval.Low) / scale, High: float64(cost.Interval.High) / scale}
			}
			mean.Points = append(mean.Points, p)
		}
		for _, t := range d.Result.Thresholds {
			if t.N == cost.N && t.Done && t.Value > 0 {
				seeds.Points = append(seeds.Points, figures.At(float64(t.N), float64(t.Value)/scale))
			}
		}
	}
	c.Lines = []figures.Line{mean, seeds}
	f, err := c.Figure()
	if err == nil {
		f.Basis = fmt.Sprintf("On %s, %d seeds, %.12s.", d.Dataset, d.Result.Spec.Seeds, d.Result.Hash)
	}
	return f, err
}

// Write writes the document in a format. The errors are those of sections.Write, or
// of the figure of the page.
func (d *Document) Write(w io.Writer, format Format) error {
	if format == Page {
		var drawn []*figures.Figure
		f, err := d.Figure()
		if err == nil {
			f.Lead = true
			drawn = append(drawn, f)
		} else if !errors.Is(err, figures.ErrEmpty) {
			return fmt.Errorf("costs: draw: %w", err)
		}
		return sections.Page{Title: d.sections[0].Title, Finding: d.Result.Sentence, Sections: d.sections, Figures: drawn}.Write(w)
	}
	return sections.Write(w, "costs: write", format, d.sections, d, map[Format]func() ([]byte, error){CSV: d.csv})
}

// csv returns the thresholds as CSV, in the unit of the search: images, or p in percent.
func (d *Document) csv() ([]byte, error) {
	lines := [][]string{{"n", "seed", "unit", "target", "misses", "reaches", "done"}}
	for _, t := range d.Result.Thresholds {
		lines = append(lines, []string{
			fmt.Sprint(t.N), fmt.Sprint(t.Seed), string(d.Result.Spec.Unit), spreadsheet.Number(d.Result.Spec.Target), fmt.Sprint(t.Below), fmt.Sprint(t.Value), spreadsheet.Logical(t.Done),
		})
	}
	return spreadsheet.Encode(lines)
}
