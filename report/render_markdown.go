package report

import "strings"

// markdown renders the table as GitHub's Markdown, with the lines of a row as
// rows of their own.
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
			texts := t.texts(row, kind, "±", escapeMarkdown, sup)
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
	if len(t.Verdicts) > 0 {
		out.WriteString("#### " + claimsHead + "\n\n")
	}
	for _, verdict := range t.Verdicts {
		lines := verdictLines(verdict)
		out.WriteString("- **" + escapeMarkdown(lines[0]) + "**\n")
		for _, line := range lines[1:] {
			out.WriteString("  - " + escapeMarkdown(line) + "\n")
		}
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

// escapeMarkdown keeps a text from being taken for markup.
func escapeMarkdown(text string) string {
	return strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`, "~", `\~`, "$", `\$`,
	).Replace(text)
}
