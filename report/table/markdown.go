package table

import (
	"fmt"
	"strings"
)

// markdown returns the table as GitHub's Markdown, with each line of a row as a row
// of its own.
func (t *Table) markdown() string {
	var out strings.Builder
	out.WriteString("### " + escapeMarkdown(t.Title) + "\n\n")

	heads, rules := []string{}, []string{}
	for _, head := range t.Heads {
		heads, rules = append(heads, escapeMarkdown(head)), append(rules, "---")
	}
	for _, column := range t.Columns {
		heads, rules = append(heads, escapeMarkdown(column.title())), append(rules, "---:")
	}
	line := func(cells []string) { out.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(heads)
	line(rules)
	sup := func(mark string) string { return "<sup>" + mark + "</sup>" }
	for _, row := range t.Rows {
		for i, kind := range row.kinds() {
			texts := t.texts(row, kind, "±", "–", escapeMarkdown, sup)
			for j := range t.Heads {
				if texts[j] == "" {
					continue
				}
				emphasis := "*"
				if i == 0 {
					emphasis = "**"
				}
				texts[j] = emphasis + texts[j] + emphasis
			}
			line(texts)
		}
	}
	out.WriteByte('\n')
	for _, note := range t.Footnotes {
		out.WriteString(sup(note.Mark) + " " + escapeMarkdown(note.Text) + "\n\n")
	}
	for _, note := range t.Notes {
		out.WriteString(escapeMarkdown(note) + "\n\n")
	}
	t.markdownLists(&out)
	t.markdownSpread(&out)
	for _, group := range t.ClaimGroups() {
		out.WriteString("#### " + escapeMarkdown(group.Head) + "\n\n")
		for _, verdict := range group.Verdicts {
			lines := verdictLines(verdict)
			out.WriteString("- **" + escapeMarkdown(lines[0]) + "**\n")
			for _, line := range lines[1:] {
				out.WriteString("  - " + escapeMarkdown(line) + "\n")
			}
		}
		out.WriteByte('\n')
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// markdownLists writes each attacker's ASR, a list item for each game.
func (t *Table) markdownLists(out *strings.Builder) {
	if len(t.Lists) == 0 {
		return
	}
	out.WriteString("#### " + escapeMarkdown(t.listsHead()) + "\n\n")
	for _, list := range t.Lists {
		labels := make([]string, len(list.Labels))
		for i, label := range list.Labels {
			labels[i] = t.Heads[i] + " " + label
		}
		var texts []string
		for i, e := range list.Entries {
			texts = append(texts, fmt.Sprintf("%d: %s", list.IDs[i], e.inLine(0)))
		}
		out.WriteString("- **" + escapeMarkdown(strings.Join(labels, ", ")) + ".** " + strings.Join(texts, ", ") + "\n")
	}
	out.WriteByte('\n')
}

// escapeEntities escapes each ampersand that begins an entity of HTML, such as &lt; or
// &#60;, which Markdown would replace.
func escapeEntities(text string) string {
	parts := strings.Split(text, "&")
	for i, part := range parts[1:] {
		if part != "" && (part[0] == '#' || part[0] >= 'a' && part[0] <= 'z' || part[0] >= 'A' && part[0] <= 'Z') {
			parts[i+1] = "amp;" + part
		}
	}
	return strings.Join(parts, "&")
}

// escapeMarkdown returns a text that Markdown shows as it is.
func escapeMarkdown(text string) string {
	text = escapeEntities(text)
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "~", `\~`, "$", `\$`,
	).Replace(text)
}
