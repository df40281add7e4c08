// Package visible shows text from outside the program (names of classes, files and sweeps,
// messages of other programs) without letting it act. Characters that move a cursor,
// reorder the text around them or are not seen at all are shown as escapes: \n, \x1b,
// \u202e, and \xff for a byte that is not UTF-8.
//
// It promises that shown text changes neither a terminal nor the lines of a file, and
// that text without such characters stays as it is. A backslash of the text stays one
// backslash, so an escape may also be the text itself.
package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// hidden reports whether a character is shown as an escape: a control character, a
// separator of lines or paragraphs, or a format character. Format characters that are
// seen, and the two joiners that several scripts and emoji need, are not hidden.
func hidden(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	switch {
	case r < 0x7f: // most of all text
		return r < ' '
	case r == nonJoiner || r == joiner || unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	default:
		return unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
	}
}

// escape returns the escape of a hidden character. Those from DEL on have a form that
// JSON knows, too, since JSON may hold them as they are. JSON has no \U form, so a
// character beyond 16 bits is two \u escapes, as in JSON.
func escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case r < ' ':
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		const first, second, half, bits = 0xd800, 0xdc00, 0x3ff, 10
		r -= 0x10000
		return fmt.Sprintf(`\u%04x\u%04x`, first+r>>bits, second+r&half)
	default:
		return fmt.Sprintf(`\u%04x`, r)
	}
}

// Line returns text for a place within a line: a cell of a table, a name in a message. It
// escapes all hidden characters, line breaks and tabs among them.
func Line(text string) string { return shown(text, "", hidden) }

// Text returns text that may have several lines. It keeps line feeds and tabs.
func Text(text string) string { return shown(text, "\n\t", hiddenInText) }

// hiddenInText reports whether a character is hidden in a text of several lines.
func hiddenInText(r rune) bool { return r != '\n' && r != '\t' && hidden(r) }

// isPlain reports whether a text consists of printable ASCII characters and some others. Most
// of all text does, and this is faster than looking each character up.
func isPlain(text, others string) bool {
	for i := range len(text) {
		if c := text[i]; (c < ' ' || c >= 0x7f) && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

// shown returns text with the characters that hide reports, and with bytes that are not
// UTF-8, as escapes. hide reports none of the control characters that are kept.
func shown(text, kept string, hide func(rune) bool) string {
	if isPlain(text, kept) || utf8.ValidString(text) && strings.IndexFunc(text, hide) < 0 {
		return text
	}
	var out strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case hide(r):
			out.WriteString(escape(r))
		default:
			out.WriteString(text[:size])
		}
		text = text[size:]
	}
	return out.String()
}
