package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// IOStreams is everything of the process that a command touches: it reads In,
// writes results to Out and everything else (progress, warnings) to ErrOut.
// Commands never use os.Stdin, os.Stdout, os.Stderr or os.Environ themselves,
// so that tests can stand in for all of them.
type IOStreams struct {
	In     io.Reader
	Out    io.Writer
	ErrOut io.Writer

	// OutIsTerminal and ErrIsTerminal say whether a person looks at Out and
	// ErrOut: progress bars are for terminals, plain lines for everything else.
	OutIsTerminal bool
	ErrIsTerminal bool

	// Environ lists the environment variables as "NAME=value".
	Environ []string
}

// SystemIO returns the streams of the process.
func SystemIO() *IOStreams {
	return &IOStreams{
		In:            os.Stdin,
		Out:           os.Stdout,
		ErrOut:        os.Stderr,
		OutIsTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Environ:       os.Environ(),
	}
}
