package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"

	"backfire/cli/console"
)

// IOStreams holds the streams and environment variables of the process. A command
// reads In, and writes results to Out and everything else (progress, warnings) to
// ErrOut. Commands never use os.Stdin, os.Stdout, os.Stderr or os.Environ, so that
// tests can replace all of them.
type IOStreams struct {
	In     io.Reader
	Out    io.Writer
	ErrOut io.Writer

	// ErrIsTerminal reports whether ErrOut is a terminal that can move its cursor.
	// Progress is shown as bars there, and as plain lines elsewhere.
	ErrIsTerminal bool

	// Environ lists the environment variables as "NAME=value".
	Environ []string
}

// display returns the display of a run that fits the streams.
func (s *IOStreams) display(asJSON, watch bool) console.Display {
	return console.New(console.Options{Out: s.Out, ErrOut: s.ErrOut, Terminal: s.ErrIsTerminal, JSON: asJSON, Watch: watch})
}

// SystemIO returns the streams of the process.
func SystemIO() *IOStreams {
	return &IOStreams{
		In:            os.Stdin,
		Out:           os.Stdout,
		ErrOut:        os.Stderr,
		ErrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())) && movesCursor(os.Getenv("TERM")),
		Environ:       os.Environ(),
	}
}

// movesCursor reports whether a kind of terminal knows escape sequences. Terminals of
// editors and logs call themselves dumb.
func movesCursor(kind string) bool { return kind != "dumb" }

// visible returns text with its control characters escaped. Text from a store may come
// from others, and must neither move the cursor of a terminal nor break a table.
func visible(text string) string {
	if strings.IndexFunc(text, unicode.IsControl) < 0 {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) {
			quoted := strconv.QuoteRune(r)
			out.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// writeWhole writes the output of fill to a file, and nothing if fill fails. action
// names the step in the error of writing.
func writeWhole(path, action string, fill func(io.Writer) error) error {
	var content bytes.Buffer
	if err := fill(&content); err != nil {
		return err
	}
	if err := os.WriteFile(path, content.Bytes(), 0o644); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}
