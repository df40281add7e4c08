package visible

import (
	"io"
	"slices"
	"unicode/utf8"
)

// Writer passes text on as [Text] shows it. It is the last step before a terminal, a file
// or a pipe, for what no earlier step has shown. A character may be written in parts; the
// writer keeps the parts until it is whole or cannot become so.
type Writer struct {
	out  io.Writer
	part []byte // of a character
}

// NewWriter returns a writer to out. A Writer is returned as it is.
func NewWriter(out io.Writer) *Writer {
	if w, ok := out.(*Writer); ok {
		return w
	}
	return &Writer{out: out}
}

// Raw returns what a writer writes to: that behind a Writer, and any other writer itself.
// Only a display that moves the cursor, and shows each text by [Line] itself, needs it.
func Raw(out io.Writer) io.Writer {
	if w, ok := out.(*Writer); ok {
		return w.out
	}
	return out
}

// Write writes text. It returns the length of text unless writing fails.
func (w *Writer) Write(text []byte) (int, error) {
	whole := slices.Concat(w.part, text)
	end := len(whole) - incomplete(whole)
	w.part = whole[end:]
	if end == 0 {
		return len(text), nil
	}
	if _, err := io.WriteString(w.out, Text(string(whole[:end]))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Flush writes the beginning of a character that was never completed.
func (w *Writer) Flush() error {
	if len(w.part) == 0 {
		return nil
	}
	_, err := io.WriteString(w.out, Text(string(w.part)))
	w.part = nil
	return err
}

// incomplete returns the number of bytes at the end of text that begin a character and
// do not complete it.
func incomplete(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if tail := text[len(text)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
