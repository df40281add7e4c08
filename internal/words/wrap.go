package words

import (
	"strings"
	"unicode/utf8"
)

// Wrap writes a text in lines of at most width characters. Blanks in front of
// it stay, and the lines after the first are indented.
func Wrap(out *strings.Builder, width int, indent, text string) {
	fields := strings.Fields(text)
	first := text[:len(text)-len(strings.TrimLeft(text, " "))]
	out.WriteString(first)
	column := len(first)
	for i, word := range fields {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > width:
			out.WriteString("\n" + indent)
			column = len(indent)
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += n
	}
	out.WriteByte('\n')
}
