package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"backfire/cli/console"
	"backfire/internal/visible"
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

	// Width is the width in characters of the terminal that Out is; 0: it is none, so that lines
	// may be as long as they are.
	Width int

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
		Width:         terminalWidth(os.Stdout),
		ErrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())) && movesCursor(os.Getenv("TERM")),
		Environ:       os.Environ(),
	}
}

// movesCursor reports whether a kind of terminal knows escape sequences. Terminals of
// editors and logs call themselves dumb.
func movesCursor(kind string) bool { return kind != "dumb" }

// shown returns the streams with the last step of everything that is written: control
// characters and bytes that are not UTF-8 become escapes.
func (s *IOStreams) shown() *IOStreams {
	shown := *s
	shown.Out, shown.ErrOut = visible.NewWriter(s.Out), visible.NewWriter(s.ErrOut)
	if s.Width > 0 {
		shown.Out = &terminal{visible.NewWriter(s.Out), s.Width}
	}
	return &shown
}

// flush ends the streams that shown returned: what came of a character that was not
// completed is written.
func (s *IOStreams) flush() {
	for _, out := range []io.Writer{s.Out, s.ErrOut} {
		if w, ok := out.(interface{ Flush() error }); ok {
			_ = w.Flush() // there is nowhere left to report it
		}
	}
}

// shownf formats a text as fmt.Sprintf does. Arguments that are strings or errors may
// come from outside the program, so each stays within its line.
func shownf(format string, args ...any) string {
	inLine := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case string:
			inLine[i] = visible.Line(arg)
		case error:
			inLine[i] = visible.Sentence(arg)
		default:
			inLine[i] = arg
		}
	}
	return fmt.Sprintf(format, inLine...)
}

// tell writes a message that [shownf] formats. There is nowhere to report that it cannot
// be written to a person.
func tell(out io.Writer, format string, args ...any) {
	_, _ = io.WriteString(out, shownf(format, args...))
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
