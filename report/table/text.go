package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"backfire/claims"
	"backfire/internal/words"
)

// usualWidth is the number of characters that a line of the text form may take,
// unless the table asks for another.
const usualWidth = 100

// text returns the table for a terminal: aligned columns, then each attacker's ASR,
// notes, claims and the finding.
func (t *Table) text() string { return t.textFor(0) }

// textFor returns the table for a terminal of a width; 0: of any. Columns that do not fit beside
// each other stand in another table below.
func (t *Table) textFor(terminal int) string {
	var out strings.Builder
	width := t.Width
	if width == 0 {
		width = usualWidth
	}
	parts := []*Table{t}
	if terminal > 0 && terminal < width {
		width, parts = terminal, t.split(terminal)
	}
	words.Wrap(&out, width, "", t.Title)
	out.WriteByte('\n')
	for _, part := range parts {
		part.fittingGrid(width).write(&out, width)
		out.WriteByte('\n')
	}
	for _, note := range t.Footnotes {
		words.Wrap(&out, width, "    ", bracketMark(note.Mark)+" "+note.Text)
	}
	for _, note := range t.Notes {
		words.Wrap(&out, width, "", note)
	}
	if len(t.Lists) > 0 {
		t.writeLists(&out, width)
	}
	t.writeSpread(&out, width)
	for _, group := range t.ClaimGroups() {
		out.WriteByte('\n')
		words.Wrap(&out, width, "", group.Head)
		for _, verdict := range group.Verdicts {
			lines := verdictLines(verdict)
			words.Wrap(&out, width, "    ", lines[0])
			for _, line := range lines[1:] {
				words.Wrap(&out, width, "    ", "  "+line)
			}
		}
	}
	if t.Finding != "" {
		out.WriteByte('\n')
		words.Wrap(&out, width, "", t.Finding)
	}
	return out.String()
}

// split returns the table as tables with fewer columns each, which fit into a width; a single column
// that does not is alone.
func (t *Table) split(width int) []*Table {
	var parts []*Table
	for first := 0; first < len(t.Columns); {
		end := first + 1
		for end < len(t.Columns) && t.columns(first, end+1).fittingGrid(width).width() <= width {
			end++
		}
		parts = append(parts, t.columns(first, end))
		first = end
	}
	return parts
}

// columns returns the table with some of its columns.
func (t *Table) columns(first, end int) *Table {
	part := *t
	part.Columns, part.Rows = t.Columns[first:end], make([]Row, len(t.Rows))
	for i, row := range t.Rows {
		row.Entries = row.Entries[min(first, len(row.Entries)):min(end, len(row.Entries))]
		part.Rows[i] = row
	}
	return &part
}

// ClaimGroup holds verdicts below one heading.
type ClaimGroup struct {
	Head     string
	Verdicts []claims.Verdict
}

// ClaimGroups returns the verdicts of the table, and the exploratory answers below a
// heading of their own. A group without any is left out. The reading of a verdict is empty
// if it is the table's.
func (t *Table) ClaimGroups() []ClaimGroup {
	groups := []ClaimGroup{
		{Head: "Verdicts on the paper's claims, under the readings above"},
		{Head: "Exploratory answers on the paper's claims (not fixed before training, so no verdicts)"},
	}
	for _, verdict := range t.Verdicts {
		at := 0
		if verdict.Exploratory {
			at = 1
		}
		if verdict.Reading == ReadingsTexts(t.Readings) {
			verdict.Reading = ""
		}
		groups[at].Verdicts = append(groups[at].Verdicts, verdict)
		if strings.HasPrefix(verdict.Claim, "S") {
			groups[at].Head = strings.Replace(groups[at].Head, "the paper's claims", "the claims of the paper and of its sibling (S)", 1)
		}
	}
	return slices.DeleteFunc(groups, func(g ClaimGroup) bool { return len(g.Verdicts) == 0 })
}

// verdictLines returns the texts of a verdict: claim and outcome, then one text each
// for the sentence, the reading if it is not empty, the statistics and the games that were
// left out.
func verdictLines(verdict claims.Verdict) []string {
	var lines []string
	for line := range strings.Lines(claims.Text([]claims.Verdict{verdict})) {
		lines = append(lines, strings.TrimPrefix(strings.TrimSpace(line), "- "))
	}
	return lines
}

// groupText returns the labels of a row but for the last, with their heads:
// "point: small, p1: 0.3". It is empty for a table with one column of labels.
func (t *Table) groupText(labels []string) string {
	var texts []string
	for i, label := range labels[:len(labels)-1] {
		if label != "" {
			texts = append(texts, t.Heads[i]+": "+label)
		}
	}
	return strings.Join(texts, ", ")
}

// groups returns the indices of rows by their text, in the order of first appearance.
func groups(n int, textOf func(int) string) (texts []string, members [][]int) {
	for i := range n {
		text := textOf(i)
		at := slices.Index(texts, text)
		if at < 0 {
			at, texts, members = len(texts), append(texts, text), append(members, nil)
		}
		members[at] = append(members[at], i)
	}
	return texts, members
}

// listsHead returns the heading of the attackers' ASRs.
func (t *Table) listsHead() string {
	head := "ASR of each attacker"
	for _, list := range t.Lists {
		if slices.ContainsFunc(list.Entries, func(e Entry) bool { return len(e.Values) > 1 }) {
			head += " (in brackets: of the same attacker alone, without a defense)"
			break
		}
	}
	head += ", in percent"
	if len(t.Seeds) > 1 {
		head += ", means over the seeds"
	}
	return head
}

// mostInLine is the number of attackers beside each other.
const mostInLine = 5

// writeLists writes each attacker's ASR, a few in a line, with the IDs of the first
// and the last of them in front.
func (t *Table) writeLists(out *strings.Builder, width int) {
	out.WriteByte('\n')
	words.Wrap(out, width, "", t.listsHead())
	texts, members := groups(len(t.Lists), func(i int) string { return t.groupText(t.Lists[i].Labels) })
	last := t.Heads[len(t.Heads)-1]
	label, ids, number, entry := len(last), len("ID"), 0, 0
	for _, list := range t.Lists {
		label = max(label, utf8.RuneCountInString(list.Labels[len(list.Labels)-1]))
		for i, e := range list.Entries {
			number = max(number, len(e.part(0, measuredLine).number))
			ids = max(ids, 2*len(strconv.Itoa(list.IDs[i]))+len("-"))
		}
	}
	for _, list := range t.Lists {
		for _, e := range list.Entries {
			entry = max(entry, len(e.inLine(number)))
		}
	}
	perLine := max(1, min(mostInLine, (width-label-ids-2*columnGap)/(entry+columnGap)))
	for i, text := range texts {
		out.WriteByte('\n')
		if text != "" {
			words.Wrap(out, width, "  ", text)
		}
		writeLine(out, fmt.Sprintf("  %*s  %*s", label, last, ids, "ID"))
		for _, at := range members[i] {
			list := t.Lists[at]
			name := list.Labels[len(list.Labels)-1]
			for first := 0; first < len(list.IDs); first += perLine {
				end := min(first+perLine, len(list.IDs))
				line := fmt.Sprintf("  %*s  %*s", label, name, ids, span(list.IDs[first], list.IDs[end-1]))
				for _, e := range list.Entries[first:end] {
					line += fmt.Sprintf("  %-*s", entry, e.inLine(number))
				}
				writeLine(out, line)
				name = ""
			}
		}
	}
}

// inLine returns the values of an entry in a line, the first of them width
// characters wide.
func (e Entry) inLine(width int) string {
	var texts []string
	for i := range e.Values {
		p := e.part(i, measuredLine)
		if i == 0 {
			p.number = fmt.Sprintf("%*s", width, p.number)
		}
		if p.number != "" {
			texts = append(texts, p.number)
		}
	}
	return strings.Join(texts, " ")
}

// span returns the IDs of several attackers by the first and the last.
func span(first, last int) string {
	if first == last {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

// writeLine writes a line without blanks at its end.
func writeLine(out *strings.Builder, line string) {
	out.WriteString(strings.TrimRight(line, " ") + "\n")
}
