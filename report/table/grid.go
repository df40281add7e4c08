package table

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"backfire/internal/words"
)

// columnGap is the usual number of blanks between columns.
const columnGap = 2

// style is one way to lay a table out in lines of text.
type style struct {
	stacked bool // the values of an entry stand below each other
	grouped bool // all labels but the last stand on lines of their own
	split   bool // the limits of an interval stand below each other
	gap     int  // blanks between columns
}

// grid is a table as text: lines of fields. Fields of a column are as wide as
// its widest.
type grid struct {
	style
	table   *Table
	columns []gridColumn
	lines   []gridLine
	groups  []groupHead
}

// gridLine is a line of fields, one for each column, or a heading across all of
// them.
type gridLine struct {
	heading string
	fields  []string
}

// gridColumn is a column of the grid, behind a gap.
type gridColumn struct {
	left  bool // aligned
	width int
}

// groupHead is a head over neighbouring columns.
type groupHead struct {
	head       string
	first, end int
}

// layout holds the widths of a column's parts, so that points and ± signs stand
// below each other.
type layout struct {
	values []valueLayout
	mark   int
}

// valueLayout holds the widths of one value's parts. Where a number has a decimal, blanks
// stand for those of the others.
type valueLayout struct {
	number, spread                 int
	numberDecimals, spreadDecimals bool
}

// fittingGrid lays the table out in the first style that fits into width, or else in
// the narrowest.
func (t *Table) fittingGrid(width int) *grid {
	styles := []style{{gap: columnGap}, {stacked: true, gap: columnGap}}
	if len(t.Heads) > 1 {
		styles = append(styles, style{grouped: true, gap: columnGap}, style{grouped: true, gap: 1}, style{stacked: true, grouped: true, gap: 1})
	}
	for _, s := range styles {
		s.split = true
		styles = append(styles, s)
	}
	var g *grid
	for _, s := range styles {
		if g = t.grid(s); g.width() <= width {
			break
		}
	}
	return g
}

// grid lays the table out in a style.
func (t *Table) grid(s style) *grid {
	g := &grid{style: s, table: t}
	heads := t.Heads
	if s.grouped {
		heads = heads[len(heads)-1:]
	}
	g.addHeads(heads, t.Columns)
	layouts := make([]layout, len(t.Columns))
	for _, step := range []func(*layout, Entry, style){(*layout).findDecimals, (*layout).fit, (*layout).fitIntervals} {
		for _, row := range t.Rows {
			for i, entry := range row.Entries {
				step(&layouts[i], entry, s)
			}
		}
	}
	if !s.grouped {
		for _, row := range t.Rows {
			g.addRow(row, row.Labels, layouts)
		}
		return g
	}
	texts, members := groups(len(t.Rows), func(i int) string { return t.groupText(t.Rows[i].Labels) })
	for i, text := range texts {
		g.lines = append(g.lines, gridLine{heading: text})
		for _, at := range members[i] {
			row := t.Rows[at]
			g.addRow(row, []string{"  " + row.Labels[len(row.Labels)-1]}, layouts)
		}
	}
	return g
}

// addHeads adds the columns and the line of their heads.
func (g *grid) addHeads(labels []string, columns []Column) {
	var fields []string
	for _, head := range labels {
		g.columns = append(g.columns, gridColumn{left: true})
		if g.grouped {
			head = "  " + head
		}
		fields = append(fields, head)
	}
	for i, column := range columns {
		g.columns = append(g.columns, gridColumn{})
		fields = append(fields, column.Head)
		at := len(labels) + i
		switch n := len(g.groups); {
		case column.Group == "":
		case n > 0 && g.groups[n-1].head == column.Group && g.groups[n-1].end == at:
			g.groups[n-1].end++
		default:
			g.groups = append(g.groups, groupHead{column.Group, at, at + 1})
		}
	}
	g.add(fields)
}

// addRow adds the lines of a row.
func (g *grid) addRow(row Row, labels []string, layouts []layout) {
	for n, kind := range row.kinds() {
		for line := range row.lines(kind, g.style) {
			fields := make([]string, len(labels))
			switch {
			case line > 0:
			case n == 0:
				copy(fields, labels)
				fields[len(fields)-1] += marks(row.Marks, func(m string) string { return " " + bracketMark(m) })
			case g.grouped:
				fields[0] = strings.TrimRight("  "+g.table.shortLabel(kind), " ")
			default:
				fields[0] = strings.TrimRight("  "+g.table.lineLabel(kind), " ")
			}
			for i, entry := range row.Entries {
				fields = append(fields, layouts[i].field(entry, kind, line, g.style))
			}
			g.add(fields)
		}
	}
}

// lines returns the number of lines that a kind of line takes.
func (r Row) lines(kind lineKind, s style) int {
	n := 1
	if s.stacked && kind != captionLine {
		for _, entry := range r.Entries {
			for i := range entry.Values {
				if (entry.part(i, kind) != part{}) {
					n = max(n, i+1)
				}
			}
		}
	}
	return n * s.limits(kind)
}

// limits returns the number of lines that an interval takes, on lines of a kind.
func (s style) limits(kind lineKind) int {
	if s.split && (kind == seedsLine || kind == imagesLine) {
		return 2
	}
	return 1
}

// parts calls found with every part of an entry and the layout of its value.
func (l *layout) parts(e Entry, s style, found func(v *valueLayout, p part)) {
	for i := range e.Values {
		at := i
		if s.stacked {
			at = 0
		}
		for len(l.values) <= at {
			l.values = append(l.values, valueLayout{})
		}
		for _, kind := range []lineKind{measuredLine, seedsLine, imagesLine, paperLine} {
			found(&l.values[at], e.part(i, kind))
		}
	}
}

// findDecimals finds out which parts of an entry have decimals.
func (l *layout) findDecimals(e Entry, s style) {
	l.parts(e, s, func(v *valueLayout, p part) {
		v.numberDecimals = v.numberDecimals || strings.Contains(p.number, ".")
		v.spreadDecimals = v.spreadDecimals || strings.Contains(p.spread, ".")
	})
}

// fit widens the layout for an entry's numbers and marks.
func (l *layout) fit(e Entry, s style) {
	l.parts(e, s, func(v *valueLayout, p part) {
		v.number = max(v.number, utf8.RuneCountInString(aligned(p.number, v.numberDecimals)))
		v.spread = max(v.spread, utf8.RuneCountInString(aligned(p.spread, v.spreadDecimals)))
	})
	l.mark = max(l.mark, len(marks(e.Marks, bracketMark)))
}

// fitIntervals widens the layout for an entry's intervals, which take the width of number
// and spread.
func (l *layout) fitIntervals(e Entry, s style) {
	l.parts(e, s, func(v *valueLayout, p part) {
		width := utf8.RuneCountInString(p.interval())
		if s.split {
			width = max(len(p.low), len(p.high))
		}
		v.number += max(0, width-v.width())
	})
}

// plusMinus is the sign between number and spread, with its blanks.
const plusMinus = " ± "

// width returns the width of the value.
func (v valueLayout) width() int {
	if v.spread == 0 {
		return v.number
	}
	return v.number + utf8.RuneCountInString(plusMinus) + v.spread
}

// aligned returns a number with blanks in place of a decimal that it lacks.
func aligned(number string, decimals bool) string {
	if !decimals || number == "" || number == "-" || strings.Contains(number, ".") {
		return number
	}
	return number + "  "
}

// text returns a part in the width of the value, of a split interval one of the limits.
func (v valueLayout) text(p part, split bool, limit int) string {
	switch {
	case p.low == "":
	case !split:
		return fmt.Sprintf("%*s", v.width(), p.interval())
	case limit == 0:
		return fmt.Sprintf("%*s", v.width(), p.low)
	default:
		return fmt.Sprintf("%*s", v.width(), p.high)
	}
	text := fmt.Sprintf("%*s", v.number, aligned(p.number, v.numberDecimals))
	if p.spread != "" {
		text += fmt.Sprintf("%s%*s", plusMinus, v.spread, aligned(p.spread, v.spreadDecimals))
	}
	return text + strings.Repeat(" ", v.width()-utf8.RuneCountInString(text))
}

// field returns the text of an entry on one of the lines of a kind; stacked: of one of its
// values.
func (l *layout) field(e Entry, kind lineKind, line int, s style) string {
	if kind == captionLine {
		return e.Caption + strings.Repeat(" ", l.mark)
	}
	value, limit := line/s.limits(kind), line%s.limits(kind)
	var texts []string
	for i := range e.Values {
		switch {
		case !s.stacked:
			texts = append(texts, l.values[i].text(e.part(i, kind), s.split, limit))
		case i == value:
			texts = append(texts, l.values[0].text(e.part(i, kind), s.split, limit))
		}
	}
	mark := ""
	if kind == measuredLine && line == 0 {
		mark = marks(e.Marks, bracketMark)
	}
	return strings.Join(texts, " ") + fmt.Sprintf("%-*s", l.mark, mark)
}

// add adds a line of fields.
func (g *grid) add(fields []string) {
	for i, field := range fields {
		g.columns[i].width = max(g.columns[i].width, utf8.RuneCountInString(field))
	}
	g.lines = append(g.lines, gridLine{fields: fields})
}

// width returns the width of a line of fields.
func (g *grid) width() int {
	width := g.gap * (len(g.columns) - 1)
	for _, column := range g.columns {
		width += column.width
	}
	return width
}

// write writes the grid. Headings are wrapped at width.
func (g *grid) write(out *strings.Builder, width int) {
	if len(g.groups) > 0 {
		writeLine(out, g.groupLine())
	}
	for _, l := range g.lines {
		if l.fields == nil {
			words.Wrap(out, width, "  ", l.heading)
			continue
		}
		var line strings.Builder
		for i, field := range l.fields {
			if i > 0 {
				line.WriteString(strings.Repeat(" ", g.gap))
			}
			fill := strings.Repeat(" ", g.columns[i].width-utf8.RuneCountInString(field))
			if g.columns[i].left {
				line.WriteString(field + fill)
			} else {
				line.WriteString(fill + field)
			}
		}
		writeLine(out, line.String())
	}
}

// groupLine returns the line of the heads over several columns, each in the middle
// of its columns.
func (g *grid) groupLine() string {
	var line strings.Builder
	column, at := 0, 0 // the next column and where it begins
	skip := func(to int) int {
		begin := at
		for ; column < to; column++ {
			at += g.columns[column].width + g.gap
		}
		return begin
	}
	for _, group := range g.groups {
		skip(group.first)
		begin := skip(group.end)
		room := at - g.gap - begin - utf8.RuneCountInString(group.head)
		line.WriteString(strings.Repeat(" ", begin+max(0, room)/2-utf8.RuneCountInString(line.String())))
		line.WriteString(group.head)
	}
	return line.String()
}
