// Package sections writes documents of sentences and tables: as text, as Markdown and as a
// page with figures.
package sections

import (
	"fmt"
	"strings"

	"backfire/internal/visible"
	"backfire/internal/words"
)

// Section is a part of a document.
type Section struct {
	ID    string
	Title string
	Text  []string
	Heads []string
	Rows  [][]string
	// Links holds the addresses of the fields of rows that are links on a page, and IDs the
	// names by which links find rows; both by row, Links also by column. They may be shorter
	// than Rows.
	Links []map[int]string
	IDs   []string
	// Signs holds the signs that a page shows before fields that begin with a key, so that
	// answers are told apart without colours. No key begins with another.
	Signs map[string]string
	// Folded hides the table on a page until a reader opens it.
	Folded bool
}

// sign returns the sign of a field; empty: none.
func (s *Section) sign(text string) string {
	for begin, sign := range s.Signs {
		if strings.HasPrefix(text, begin) {
			return sign
		}
	}
	return ""
}

// columns is the width of text and Markdown.
const columns = 100

// Text returns sections as plain text, sentences broken at 100 columns.
func Text(all []Section) string {
	var out strings.Builder
	for i, s := range all {
		if i > 0 {
			out.WriteByte('\n')
		}
		title := visible.Line(s.Title)
		fmt.Fprintf(&out, "%s\n%s\n", title, strings.Repeat("=", len([]rune(title))))
		for _, sentence := range s.Text {
			words.Wrap(&out, columns, "  ", visible.Line(sentence))
		}
		if len(s.Rows) > 0 {
			out.WriteByte('\n')
			out.WriteString(aligned(append([][]string{s.Heads}, s.Rows...)))
		}
	}
	return out.String()
}

// aligned returns rows in columns.
func aligned(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, field := range row {
			widths[i] = max(widths[i], len([]rune(visible.Line(field))))
		}
	}
	var out strings.Builder
	for _, row := range rows {
		line := ""
		for i, field := range row {
			field = visible.Line(field)
			line += field + strings.Repeat(" ", widths[i]-len([]rune(field))+2)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.String()
}

// Markdown returns sections as Markdown.
func Markdown(all []Section) string {
	var out strings.Builder
	for i, s := range all {
		level := "##"
		if i == 0 {
			level = "#"
		} else {
			out.WriteByte('\n')
		}
		fmt.Fprintf(&out, "%s %s\n", level, visible.Line(s.Title))
		for _, sentence := range s.Text {
			out.WriteByte('\n')
			words.Wrap(&out, columns, "  ", visible.Line(sentence))
		}
		if len(s.Rows) == 0 {
			continue
		}
		out.WriteString("\n")
		for j, row := range append([][]string{s.Heads}, s.Rows...) {
			for _, field := range row {
				out.WriteString("| " + strings.ReplaceAll(visible.Line(field), "|", `\|`) + " ")
			}
			out.WriteString("|\n")
			if j == 0 {
				out.WriteString(strings.Repeat("|---", len(row)) + "|\n")
			}
		}
	}
	return out.String()
}
