package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"backfire/cli/console"
)

// IOStreams is everything of the process that a command touches: it reads In,
// writes results to Out and everything else (progress, warnings) to ErrOut.
// Commands never use os.Stdin, os.Stdout, os.Stderr or os.Environ themselves,
// so that tests can stand in for all of them.
type IOStreams struct {
	In     io.Reader
	Out    io.Writer
	ErrOut io.Writer

	// ErrIsTerminal says whether a person looks at ErrOut on a terminal that can
	// move its cursor: progress bars are for these, plain lines for everything
	// else.
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

// movesCursor says whether a kind of terminal knows escape sequences: those of
// editors and logs call themselves dumb.
func movesCursor(kind string) bool { return kind != "dumb" }

// writeWhole writes what fill makes to a file, nothing where fill fails; action
// is what an error of writing says was done.
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
