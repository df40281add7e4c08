package table

import (
	"fmt"
	"strings"
)

// latex returns the table as a LaTeX float for \input, which needs the packages
// booktabs and graphicx and nothing else. A table that is wider than the text is
// scaled down. Since a float has to fit on a page, it has the outcomes of the
// verdicts without their statistics, and no lists of attackers.
func (t *Table) latex() string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line(`%% \usepackage{booktabs,graphicx}`)
	line(`\begin{table}`)
	line(`\centering\footnotesize\setlength{\tabcolsep}{4pt}`)
	line(`\setlength{\belowcaptionskip}{6pt}`)
	line(`\caption{%s}`, escapeLaTeX(t.caption()))
	line(`\label{tab:%s}`, t.label())
	line(`\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%%`)
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
			texts := t.texts(row, kind, `$\pm$`, "--", escapeLaTeX, sup)
			if j > 0 && texts[0] != "" {
				texts[0] = `\quad ` + texts[0]
			}
			for k := range texts {
				texts[k] = minusSigns(texts[k])
			}
			line(`%s \\`, strings.Join(texts, " & "))
		}
	}
	line(`\bottomrule`)
	line(`\end{tabular}}`)
	t.latexNotes(&out, sup)
	line(`\end{table}`)
	return out.String()
}

// caption returns the title without the number of the table, since LaTeX prints a
// number of its own.
func (t *Table) caption() string {
	if number, title, found := strings.Cut(t.Title, " on "); found && strings.ReplaceAll(strings.ToLower(number), " ", "") == t.Name {
		return "The paper's " + strings.ToLower(number) + " on " + title
	}
	return t.Title
}

// label returns the table's name in cross-references, which is the name of its files.
func (t *Table) label() string { return t.FileName() }

// latexHeads writes the heads of the columns, with the groups above them.
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

// latexNotes writes footnotes, notes and verdicts below the table.
func (t *Table) latexNotes(out *strings.Builder, sup func(string) string) {
	fmt.Fprintf(out, "\n\\medskip\n\\begin{minipage}{\\linewidth}\\scriptsize\\raggedright\n")
	for _, note := range t.Footnotes {
		fmt.Fprintf(out, "%s %s\\par\n", sup(note.Mark), escapeLaTeX(note.Text))
	}
	for _, note := range t.Notes {
		fmt.Fprintf(out, "%s\\par\n", escapeLaTeX(note))
	}
	t.latexSpread(out)
	for _, group := range t.ClaimGroups() {
		fmt.Fprintf(out, "%s:\\par\n", escapeLaTeX(group.Head))
		for _, verdict := range group.Verdicts {
			sentence := verdict.Sentence
			if verdict.Reading != "" {
				sentence += " Reading: " + verdict.Reading + "."
			}
			fmt.Fprintf(out, "\\textbf{%s} %s\\par\n", escapeLaTeX(verdictLines(verdict)[0]), escapeLaTeX(sentence))
		}
	}
	out.WriteString("\\end{minipage}\n")
}

// minusSigns replaces the hyphen in front of a number by a minus sign, where the
// number begins the text or follows a space or bracket.
func minusSigns(text string) string {
	var out strings.Builder
	for i, c := range []byte(text) {
		begins := i == 0 || strings.IndexByte(" (", text[i-1]) >= 0
		if c == '-' && begins && i+1 < len(text) && text[i+1] >= '0' && text[i+1] <= '9' {
			out.WriteString("$-$")
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// escapeLaTeX returns a text that LaTeX prints as it is. Brackets and stars are put
// in groups: at the beginning of a row they would belong to the \\ before it.
func escapeLaTeX(text string) string {
	return minusSigns(strings.NewReplacer(
		`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, " %", `~\%`, "%", `\%`, "_", `\_`,
		"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`,
		"[", "{[}", "*", "{*}", "±", `$\pm$`,
	).Replace(text))
}
