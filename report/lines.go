package report

import (
	"fmt"
	"slices"
	"strings"
)

// lineKind says what a line of a row shows.
type lineKind int

// The lines of a row, in their order; only those that say something are shown.
const (
	captionLine lineKind = iota
	measuredLine
	intervalLine
	paperLine
)

// label stands in front of a line that is not the row's first.
func (k lineKind) label() string {
	switch k {
	case intervalLine:
		return "95 % CI"
	case paperLine:
		return "paper"
	default:
		return ""
	}
}

// part is a figure on a line: a number, and the spread behind its ± sign or
// nothing.
type part struct{ number, spread string }

// join puts the two together with the ± sign of a format.
func (p part) join(plusMinus string) string {
	if p.spread == "" {
		return p.number
	}
	return p.number + " " + plusMinus + " " + p.spread
}

// part returns what a line shows of the figure. On a line with the interval the
// number is its half width.
func (f Figure) part(kind lineKind) part {
	var p part
	switch kind {
	case measuredLine:
		p.number = percent(float64(f.Mean))
		if f.Spread && f.Mean.Defined() {
			p.spread = percent(float64(f.Std))
		}
	case intervalLine:
		if f.CI95.Defined() {
			p.number = "±" + percent(float64(f.CI95))
		}
	case paperLine:
		if f.Paper.Defined() {
			p.number = percent(float64(f.Paper))
		}
		if f.PaperStd.Defined() {
			p.spread = percent(float64(f.PaperStd))
		}
	}
	if f.Bracketed && p.number != "" {
		p.number = "(" + p.number + ")"
	}
	return p
}

// part returns what a line shows of one of the cell's figures. Where nothing is
// measured, one dash says so for all of them.
func (c Cell) part(i int, kind lineKind) part {
	p := c.Figures[i].part(kind)
	if kind == measuredLine && i > 0 && !slices.ContainsFunc(c.Figures, func(f Figure) bool { return f.Mean.Defined() }) {
		return part{}
	}
	return p
}

// kinds returns the lines that a row needs.
func (r Row) kinds() []lineKind {
	kinds := []lineKind{measuredLine}
	if slices.ContainsFunc(r.Cells, func(c Cell) bool { return c.Caption != "" }) {
		kinds = []lineKind{captionLine, measuredLine}
	}
	for _, kind := range []lineKind{intervalLine, paperLine} {
		if slices.ContainsFunc(r.Cells, func(c Cell) bool {
			return slices.ContainsFunc(c.Figures, func(f Figure) bool { return f.part(kind) != part{} })
		}) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// texts returns a line of the row for formats that lay out cells by themselves:
// labels, then cells. Marks are written by mark and stand on the row's first
// line (those of the row) and behind measured figures.
func (t *Table) texts(r Row, kind lineKind, plusMinus string, escape, mark func(string) string) []string {
	texts := make([]string, len(r.Labels), len(r.Labels)+len(r.Cells))
	if kind == r.kinds()[0] {
		for i, label := range r.Labels {
			texts[i] = escape(label)
		}
		texts[len(texts)-1] += marks(r.Marks, mark)
	} else {
		texts[0] = escape(kind.label())
	}
	for _, cell := range r.Cells {
		var text []string
		if kind == captionLine {
			text = append(text, escape(cell.Caption))
		}
		for i := range cell.Figures {
			p := cell.part(i, kind)
			p.number = strings.Replace(p.number, "±", plusMinus, 1)
			if s := p.join(plusMinus); s != "" {
				text = append(text, s)
			}
		}
		if kind == measuredLine {
			text = append(text, marks(cell.Marks, mark))
		}
		texts = append(texts, strings.TrimSpace(strings.Join(text, " ")))
	}
	return texts
}

// marks writes the marks of footnotes.
func marks(all []string, mark func(string) string) string {
	if len(all) == 0 {
		return ""
	}
	return mark(strings.Join(all, ","))
}

// bracketMark is a mark in plain text.
func bracketMark(mark string) string { return fmt.Sprintf("[%s]", mark) }
