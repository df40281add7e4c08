package table

import (
	"fmt"
	"slices"
	"strings"
)

// lineKind is the content of a line of a row.
type lineKind int

// The lines of a row, in their order; empty ones are left out.
const (
	captionLine lineKind = iota
	measuredLine
	intervalLine
	paperLine
)

// label returns the text in front of a line that is not the row's first.
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

// short returns the label for narrow columns. The notes give the level of confidence.
func (k lineKind) short() string { return strings.TrimPrefix(k.label(), "95 % ") }

// part is a value on a line: a number, and the spread behind its ± sign or
// nothing.
type part struct{ number, spread string }

// join returns number and spread with the ± sign of a form between them.
func (p part) join(plusMinus string) string {
	if p.spread == "" {
		return p.number
	}
	return p.number + " " + plusMinus + " " + p.spread
}

// part returns the value as a line shows it. On a line with the interval the number
// is its half width.
func (v Value) part(kind lineKind) part {
	var p part
	switch kind {
	case measuredLine:
		p.number = Percent(float64(v.Mean))
		if v.Spread && v.Mean.Defined() {
			p.spread = Percent(float64(v.Std))
		}
	case intervalLine:
		if v.CI95.Defined() {
			p.number = "±" + Percent(float64(v.CI95))
		}
	case paperLine:
		if v.Paper.Defined() {
			p.number = Percent(float64(v.Paper))
		}
		if v.PaperStd.Defined() {
			p.spread = Percent(float64(v.PaperStd))
		}
	}
	if v.Bracketed && p.number != "" {
		p.number = "(" + p.number + ")"
	}
	return p
}

// part returns one of the entry's values as a line shows it. Where nothing is
// measured, one dash stands for all of them.
func (e Entry) part(i int, kind lineKind) part {
	p := e.Values[i].part(kind)
	if kind == measuredLine && i > 0 && !slices.ContainsFunc(e.Values, func(v Value) bool { return v.Mean.Defined() }) {
		return part{}
	}
	return p
}

// kinds returns the kinds of lines that a row needs.
func (r Row) kinds() []lineKind {
	kinds := []lineKind{measuredLine}
	if slices.ContainsFunc(r.Entries, func(e Entry) bool { return e.Caption != "" }) {
		kinds = []lineKind{captionLine, measuredLine}
	}
	for _, kind := range []lineKind{intervalLine, paperLine} {
		if slices.ContainsFunc(r.Entries, func(e Entry) bool {
			return slices.ContainsFunc(e.Values, func(v Value) bool { return v.part(kind) != part{} })
		}) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// texts returns a line of the row for forms that lay out their cells themselves:
// labels, then entries. Marks are written by mark and stand on the row's first line
// (those of the row) and behind measured values.
func (t *Table) texts(r Row, kind lineKind, plusMinus string, escape, mark func(string) string) []string {
	texts := make([]string, len(r.Labels), len(r.Labels)+len(r.Entries))
	if kind == r.kinds()[0] {
		for i, label := range r.Labels {
			texts[i] = escape(label)
		}
		texts[len(texts)-1] += marks(r.Marks, mark)
	} else {
		texts[0] = escape(kind.label())
	}
	for _, entry := range r.Entries {
		var text []string
		if kind == captionLine {
			text = append(text, escape(entry.Caption))
		}
		for i := range entry.Values {
			p := entry.part(i, kind)
			p.number = strings.Replace(p.number, "±", plusMinus, 1)
			if s := p.join(plusMinus); s != "" {
				text = append(text, s)
			}
		}
		if kind == measuredLine {
			text = append(text, marks(entry.Marks, mark))
		}
		texts = append(texts, strings.TrimSpace(strings.Join(text, " ")))
	}
	return texts
}

// marks returns the marks of footnotes, written by mark; empty if there are none.
func marks(all []string, mark func(string) string) string {
	if len(all) == 0 {
		return ""
	}
	return mark(strings.Join(all, ","))
}

// bracketMark returns a mark in plain text.
func bracketMark(mark string) string { return fmt.Sprintf("[%s]", mark) }
