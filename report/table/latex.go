package table

import (
	"fmt"
	"strings"
)

// mostLaTeXLines is the largest number of lines of a float, which leaves room for the notes on a page of A4 or
// US letter paper.
const mostLaTeXLines = 30

// latex returns the table as a LaTeX float for \input, which needs the packages
// booktabs and graphicx and nothing else. A table that is wider than the text is
// scaled down, and one of more than mostLaTeXLines is continued in further floats. Since a float has
// to fit on a page, it has the outcomes of the verdicts without their statistics, and no lists of
// attackers.
func (t *Table) latex() string {
	var out strings.Builder
	fmt.Fprintln(&out, `% \usepackage{booktabs,graphicx}`)
	parts := t.latexParts()
	for i, rows := range parts {
		t.latexFloat(&out, rows, i > 0, i == len(parts)-1)
	}
	return out.String()
}

// latexParts divides the rows into those of each float.
func (t *Table) latexParts() [][]Row {
	parts, lines := [][]Row{nil}, 0
	for _, row := range t.Rows {
		height := len(row.kinds())
		if lines > 0 && lines+height > mostLaTeXLines {
			parts, lines = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], row)
		lines += height
	}
	return parts
}

// latexFloat writes a float with rows of the table. One that continues another keeps its number, and the last one
// has the notes.
func (t *Table) latexFloat(out *strings.Builder, rows []Row, continues, last bool) {
	line := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	line(`\begin{table}`)
	line(`\centering\footnotesize\setlength{\tabcolsep}{4pt}`)
	line(`\setlength{\belowcaptionskip}{6pt}`)
	if continues {
		line(`\addtocounter{table}{-1}`)
		line(`\caption[]{%s (continued)}`, escapeLaTeX(t.caption()))
	} else {
		line(`\caption{%s}`, escapeLaTeX(t.caption()))
		line(`\label{tab:%s}`, t.label())
	}
	line(`\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%%`)
	line(`\begin{tabular}{%s%s}`, strings.Repeat("l", len(t.Heads)), strings.Repeat("r", len(t.Columns)))
	line(`\toprule`)
	t.latexHeads(out)
	line(`\midrule`)
	t.latexRows(out, rows)
	line(`\bottomrule`)
	line(`\end{tabular}}`)
	if last {
		t.latexNotes(out)
	}
	line(`\end{table}`)
}

// superscript returns a mark as LaTeX.
func superscript(mark string) string { return `\textsuperscript{` + mark + `}` }

// latexRows writes rows.
func (t *Table) latexRows(out *strings.Builder, rows []Row) {
	for i, row := range rows {
		kinds := row.kinds()
		if i > 0 && len(kinds) > 1 {
			out.WriteString("\\addlinespace\n")
		}
		for j, kind := range kinds {
			texts := t.texts(row, kind, `$\pm$`, "--", escapeLaTeX, superscript)
			if j > 0 && texts[0] != "" {
				texts[0] = `\quad ` + texts[0]
			}
			for k := range texts {
				texts[k] = minusSigns(texts[k])
			}
			fmt.Fprintf(out, "%s \\\\\n", strings.Join(texts, " & "))
		}
	}
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
func (t *Table) latexNotes(out *strings.Builder) {
	fmt.Fprintf(out, "\n\\medskip\n\\begin{minipage}{\\linewidth}\\scriptsize\\raggedright\n")
	for _, note := range t.Footnotes {
		fmt.Fprintf(out, "%s %s\\par\n", superscript(note.Mark), escapeLaTeX(note.Text))
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
