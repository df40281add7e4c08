package report

import (
	"fmt"
	"strings"
)

// latex renders the table as a LaTeX float for \input, which needs the package
// booktabs and nothing else.
func (t *Table) latex() string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line(`%% \usepackage{booktabs}`)
	line(`\begin{table}`)
	line(`\centering\footnotesize\setlength{\tabcolsep}{4pt}`)
	line(`\caption{%s}`, escapeLaTeX(t.Title))
	line(`\label{tab:%s}`, t.label())
	line(`\begin{tabular}{%s%s}`, strings.Repeat("l", len(t.Heads)), strings.Repeat("r", len(t.Columns)))
	line(`\toprule`)
	t.latexHeads(&out)
	line(`\midrule`)
	sup := func(mark string) string { return `\textsuperscript{` + mark + `}` }
	for i, row := range t.Rows {
		kinds := row.kinds()
		if i > 0 && len(kinds) > 1 {
			line(`\addlinespace`)
		}
		for j, kind := range kinds {
			texts := t.texts(row, kind, `$\pm$`, escapeLaTeX, sup)
			if j > 0 && texts[0] != "" {
				texts[0] = `\quad ` + texts[0]
			}
			line(`%s \\`, strings.Join(texts, " & "))
		}
	}
	line(`\bottomrule`)
	line(`\end{tabular}`)
	t.latexNotes(&out, sup)
	line(`\end{table}`)
	return out.String()
}

// label is the table's name in cross-references.
func (t *Table) label() string { return t.Name + "-" + t.Dataset }

// latexHeads writes the heads of the columns, those of groups above them.
func (t *Table) latexHeads(out *strings.Builder) {
	groups, rules, grouped := make([]string, len(t.Heads)), "", false
	for at := 0; at < len(t.Columns); {
		end := at + 1
		for end < len(t.Columns) && t.Columns[end].Group == t.Columns[at].Group {
			end++
		}
		if group := t.Columns[at].Group; group != "" {
			grouped = true
			groups = append(groups, fmt.Sprintf(`\multicolumn{%d}{c}{%s}`, end-at, escapeLaTeX(group)))
			rules += fmt.Sprintf(`\cmidrule(lr){%d-%d}`, len(t.Heads)+at+1, len(t.Heads)+end)
		} else {
			groups = append(groups, make([]string, end-at)...)
		}
		at = end
	}
	if grouped {
		fmt.Fprintf(out, "%s \\\\\n%s\n", strings.Join(groups, " & "), rules)
	}
	var heads []string
	for _, head := range t.Heads {
		heads = append(heads, escapeLaTeX(head))
	}
	for _, column := range t.Columns {
		heads = append(heads, escapeLaTeX(column.Head))
	}
	fmt.Fprintf(out, "%s \\\\\n", strings.Join(heads, " & "))
}

// latexNotes writes what stands below the table.
func (t *Table) latexNotes(out *strings.Builder, sup func(string) string) {
	fmt.Fprintf(out, "\n\\medskip\n\\begin{minipage}{\\linewidth}\\raggedright\n")
	for _, note := range t.Footnotes {
		fmt.Fprintf(out, "%s %s\\par\n", sup(note.Mark), escapeLaTeX(note.Text))
	}
	for _, note := range t.Notes {
		fmt.Fprintf(out, "%s\\par\n", escapeLaTeX(note))
	}
	if len(t.Verdicts) > 0 {
		fmt.Fprintf(out, "%s:\\par\n", claimsHead)
	}
	for _, verdict := range t.Verdicts {
		lines := verdictLines(verdict)
		fmt.Fprintf(out, "\\textbf{%s}", escapeLaTeX(lines[0]))
		for _, text := range lines[1:] {
			fmt.Fprintf(out, "\n%s.", escapeLaTeX(strings.TrimSuffix(text, ".")))
		}
		out.WriteString("\\par\n")
	}
	out.WriteString("\\end{minipage}\n")
}

// escapeLaTeX keeps a text from being taken for commands. Brackets and stars are
// put in groups: at the beginning of a row they would belong to the \\ before it.
func escapeLaTeX(text string) string {
	return strings.NewReplacer(
		`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "%", `\%`, "_", `\_`,
		"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`,
		"[", "{[}", "*", "{*}", "±", `$\pm$`,
	).Replace(text)
}
