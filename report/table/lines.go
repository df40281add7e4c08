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
	seedsLine  // intervals over the seeds
	imagesLine // intervals over the images of one game
	paperLine
)

// lineLabel returns the text in front of a line that is not the row's first.
func (t *Table) lineLabel(kind lineKind) string {
	switch kind {
	case seedsLine:
		return "95 % CI"
	case imagesLine:
		return "95 % CI, images"
	case paperLine:
		if t.PaperRepeats > 0 {
			return fmt.Sprintf("paper, ±%.0f points", 100*float64(t.PaperRepeats))
		}
		return "paper"
	default:
		return ""
	}
}

// shortLabel returns the label for narrow columns. The notes give the level of confidence
// and the unit.
func (t *Table) shortLabel(kind lineKind) string {
	return strings.TrimSuffix(strings.TrimPrefix(t.lineLabel(kind), "95 % "), " points")
}

// part is a value on a line: a number, and the spread behind its ± sign or nothing; or
// the limits of an interval and the text between them.
type part struct{ number, spread, low, between, high string }

// interval returns the limits with the text between them; empty without an interval.
func (p part) interval() string { return p.low + p.between + p.high }

// join returns the part with the signs of a form in place of ± and of the dash between
// limits.
func (p part) join(plusMinus, between string) string {
	switch {
	case p.low != "":
		return strings.Replace(p.interval(), dash, between, 1)
	case p.spread == "":
		return p.number
	default:
		return p.number + " " + plusMinus + " " + p.spread
	}
}

// part returns the value as a line shows it.
func (v Value) part(kind lineKind) part {
	var p part
	switch kind {
	case measuredLine:
		p.number = v.Percent(v.Mean)
		if v.Spread && v.Mean.Defined() {
			p.spread = v.Percent(v.Std)
		}
	case seedsLine:
		if v.CIOver == OverSeeds {
			p.low, p.between, p.high = v.interval()
		}
	case imagesLine:
		if v.CIOver == OverImages {
			p.low, p.between, p.high = v.interval()
		}
	case paperLine:
		if v.Paper.Defined() {
			p.number = PrintedPercent(v.Paper)
		}
		if v.PaperStd.Defined() {
			p.spread = PrintedPercent(v.PaperStd)
		}
	}
	switch {
	case !v.Bracketed:
	case p.number != "":
		p.number = "(" + p.number + ")"
	case p.low != "":
		p.low, p.high = "("+p.low, p.high+")"
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
	for _, kind := range []lineKind{seedsLine, imagesLine, paperLine} {
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
func (t *Table) texts(r Row, kind lineKind, plusMinus, between string, escape, mark func(string) string) []string {
	texts := make([]string, len(r.Labels), len(r.Labels)+len(r.Entries))
	if kind == r.kinds()[0] {
		for i, label := range r.Labels {
			texts[i] = escape(label)
		}
		texts[len(texts)-1] += marks(r.Marks, mark)
	} else {
		texts[0] = escape(t.lineLabel(kind))
	}
	for _, entry := range r.Entries {
		var text []string
		if kind == captionLine {
			text = append(text, escape(entry.Caption))
		}
		for i := range entry.Values {
			if s := entry.part(i, kind).join(plusMinus, between); s != "" {
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
