package cli

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"backfire/internal/visible"
	"backfire/internal/words"
)

// leastWidth is the smallest width of a terminal that texts are laid out for, in characters.
const leastWidth = 60

// terminalWidth returns the width of the terminal that a file is, or 0 if it is none.
func terminalWidth(file *os.File) int {
	if !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width <= 0 {
		return 0
	}
	return max(leastWidth, width)
}

// terminal writes to a terminal of a width.
type terminal struct {
	*visible.Writer
	width int
}

// widthOf returns the width in characters of the terminal behind a writer, or 0 if there is none.
func widthOf(out io.Writer) int {
	if t, ok := out.(*terminal); ok {
		return t.width
	}
	return 0
}

// fitsTerminal reports whether all lines of a text are at most as wide as a terminal; 0: of any width.
func fitsTerminal(text string, width int) bool {
	if width == 0 {
		return true
	}
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(strings.TrimRight(line, " \n")) > width {
			return false
		}
	}
	return true
}

// wrapLines returns a text of lines whose values begin at one column, in lines that fit a terminal; 0: of any
// width.
func wrapLines(text string, width int) string {
	if fitsTerminal(text, width) {
		return text
	}
	const values = 15 // column at which they begin
	var out strings.Builder
	for line := range strings.Lines(text) {
		words.Wrap(&out, width, strings.Repeat(" ", values), strings.TrimRight(line, " \n"))
	}
	return out.String()
}

// stackedTable lays a table out whose rows are wider than a terminal: the first cell of a row, and
// below it the others with their heads.
func stackedTable(rows [][]string, width int) string {
	var text strings.Builder
	for _, row := range rows[1:] {
		words.Wrap(&text, width, "  ", row[0])
		for i, cell := range row[1:] {
			if cell != "" {
				words.Wrap(&text, width, "    ", "  "+strings.ToLower(rows[0][i+1])+": "+cell)
			}
		}
	}
	return text.String()
}
