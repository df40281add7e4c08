package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"backfire/claims"
)

// tableWidth is the number of characters that a line of a table may take as
// text. Wider tables are narrowed by putting the figures of a cell below each
// other.
const tableWidth = 100

// text renders the table for a terminal: aligned columns, then notes and
// claims.
func (t *Table) text() string {
	var out strings.Builder
	wrapTo(&out, tableWidth, "", t.Title)
	out.WriteByte('\n')
	grid := t.grid(false)
	if grid.width() > tableWidth {
		grid = t.grid(true)
	}
	grid.write(&out)
	out.WriteByte('\n')
	for _, note := range t.Footnotes {
		wrapTo(&out, tableWidth, "    ", bracketMark(note.Mark)+" "+note.Text)
	}
	for _, note := range t.Notes {
		wrapTo(&out, tableWidth, "", note)
	}
	if len(t.Verdicts) > 0 {
		out.WriteString("\n" + claimsHead + "\n")
	}
	for _, verdict := range t.Verdicts {
		lines := verdictLines(verdict)
		wrapTo(&out, tableWidth, "    ", lines[0])
		for _, line := range lines[1:] {
			wrapTo(&out, tableWidth, "    ", "  "+line)
		}
	}
	return out.String()
}

// claimsHead stands above the verdicts.
const claimsHead = "The paper's claims, under the readings above"

// verdictLines returns what there is to say of a verdict: claim and outcome,
// then one text each for the sentence, the statistics and what was left out. The
// reading is the table's.
func verdictLines(verdict claims.Verdict) []string {
	verdict.Reading = ""
	var lines []string
	for line := range strings.Lines(claims.Text([]claims.Verdict{verdict})) {
		lines = append(lines, strings.TrimPrefix(strings.TrimSpace(line), "- "))
	}
	return lines
}

// grid is a table as text: lines of fields. Fields of a column are as wide as
// its widest.
type grid struct {
	columns []gridColumn
	lines   [][]string // fields, each as wide as its column
	groups  []groupHead
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
	number, spread []int // by figure
	mark           int
}

// grid lays the table out; stacked: with the figures of a cell below each other.
func (t *Table) grid(stacked bool) *grid {
	g := &grid{}
	for range t.Heads {
		g.columns = append(g.columns, gridColumn{left: true})
	}
	heads := append([]string{}, t.Heads...)
	for i, column := range t.Columns {
		g.columns = append(g.columns, gridColumn{})
		heads = append(heads, column.Head)
		at := len(t.Heads) + i
		switch n := len(g.groups); {
		case column.Group == "":
		case n > 0 && g.groups[n-1].head == column.Group && g.groups[n-1].end == at:
			g.groups[n-1].end++
		default:
			g.groups = append(g.groups, groupHead{column.Group, at, at + 1})
		}
	}
	g.add(heads)
	layouts := make([]layout, len(t.Columns))
	for _, row := range t.Rows {
		for i, cell := range row.Cells {
			layouts[i].fit(cell, stacked)
		}
	}
	for _, row := range t.Rows {
		for n, kind := range row.kinds() {
			for figure := range row.figures(kind, stacked) {
				fields := make([]string, len(t.Heads))
				switch {
				case figure > 0:
				case n == 0:
					copy(fields, row.Labels)
					fields[len(fields)-1] += marks(row.Marks, func(m string) string { return " " + bracketMark(m) })
				default:
					fields[0] = strings.TrimRight("  "+kind.label(), " ")
				}
				for i, cell := range row.Cells {
					fields = append(fields, layouts[i].field(cell, kind, figure, stacked))
				}
				g.add(fields)
			}
		}
	}
	return g
}

// figures is the number of lines that a kind of line takes.
func (r Row) figures(kind lineKind, stacked bool) int {
	n := 1
	if !stacked || kind == captionLine {
		return n
	}
	for _, cell := range r.Cells {
		for i := range cell.Figures {
			if (cell.part(i, kind) != part{}) {
				n = max(n, i+1)
			}
		}
	}
	return n
}

// fit widens the layout for a cell.
func (l *layout) fit(c Cell, stacked bool) {
	for i := range c.Figures {
		at := i
		if stacked {
			at = 0
		}
		for len(l.number) <= at {
			l.number, l.spread = append(l.number, 0), append(l.spread, 0)
		}
		for _, kind := range []lineKind{measuredLine, intervalLine, paperLine} {
			p := c.part(i, kind)
			l.number[at] = max(l.number[at], utf8.RuneCountInString(p.number))
			l.spread[at] = max(l.spread[at], utf8.RuneCountInString(p.spread))
		}
	}
	l.mark = max(l.mark, len(marks(c.Marks, bracketMark)))
}

// field writes what a line shows of a cell; stacked: of one of its figures.
func (l *layout) field(c Cell, kind lineKind, figure int, stacked bool) string {
	if kind == captionLine {
		return c.Caption + strings.Repeat(" ", l.mark)
	}
	var text strings.Builder
	for i := range c.Figures {
		at := i
		if stacked {
			if i != figure {
				continue
			}
			at = 0
		}
		if text.Len() > 0 {
			text.WriteByte(' ')
		}
		p := c.part(i, kind)
		fmt.Fprintf(&text, "%*s", l.number[at], p.number)
		switch width := l.spread[at]; {
		case width == 0:
		case p.spread != "":
			fmt.Fprintf(&text, " ± %*s", width, p.spread)
		default:
			text.WriteString(strings.Repeat(" ", width+len(" + ")))
		}
	}
	mark := ""
	if kind == measuredLine && figure == 0 {
		mark = marks(c.Marks, bracketMark)
	}
	fmt.Fprintf(&text, "%-*s", l.mark, mark)
	return text.String()
}

// add adds a line.
func (g *grid) add(fields []string) {
	for i, field := range fields {
		g.columns[i].width = max(g.columns[i].width, utf8.RuneCountInString(field))
	}
	g.lines = append(g.lines, fields)
}

// width is that of a line.
func (g *grid) width() int {
	width := columnGap * (len(g.columns) - 1)
	for _, column := range g.columns {
		width += column.width
	}
	return width
}

func (g *grid) write(out *strings.Builder) {
	if len(g.groups) > 0 {
		writeLine(out, g.groupLine())
	}
	for _, fields := range g.lines {
		var line strings.Builder
		for i, field := range fields {
			if i > 0 {
				line.WriteString(strings.Repeat(" ", columnGap))
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

// groupLine is the line of the heads over several columns, each in the middle
// of its columns.
func (g *grid) groupLine() string {
	var line strings.Builder
	column, at := 0, 0 // the next column and where it begins
	skip := func(to int) int {
		begin := at
		for ; column < to; column++ {
			at += g.columns[column].width + columnGap
		}
		return begin
	}
	for _, group := range g.groups {
		skip(group.first)
		begin := skip(group.end)
		room := at - columnGap - begin - utf8.RuneCountInString(group.head)
		line.WriteString(strings.Repeat(" ", begin+max(0, room)/2-utf8.RuneCountInString(line.String())))
		line.WriteString(group.head)
	}
	return line.String()
}

// writeLine writes a line without blanks at its end.
func writeLine(out *strings.Builder, line string) {
	out.WriteString(strings.TrimRight(line, " ") + "\n")
}
