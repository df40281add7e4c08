package cli

import (
	"context"
	"errors"
	"fmt"

	"backfire/config"
)

// Exit codes of the program.
const (
	ExitOK          = 0   // the command did all that was requested
	ExitFailure     = 1   // the command failed
	ExitUsage       = 2   // the command line or the configuration is wrong; nothing was started
	ExitCellsFailed = 3   // the run is over, but some cells failed
	ExitWorkLeft    = 4   // the command is over, but results are missing that did not fail
	ExitUnchecked   = 5   // verify found nothing wrong, but could not make all checks
	ExitInterrupted = 130 // stopped by Ctrl-C or SIGTERM; finished models are stored
)

// ErrCellsFailed is wrapped by the error of a run in which some cells failed and the
// others were finished.
var ErrCellsFailed = errors.New("some cells failed")

// ErrWorkLeft is wrapped by the error of a command that ends while games lack whole
// results that can still be trained.
var ErrWorkLeft = errors.New("there is work left")

// errUnchecked is wrapped by the error of a verification that found nothing wrong, but
// could not make all checks.
var errUnchecked = errors.New("stored results could not be checked")

// UsageError is an error in the command line or the configuration.
type UsageError struct{ Err error }

// Error returns the text of the error it holds.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error it holds.
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef returns a [UsageError] with a formatted text; %w wraps as in fmt.Errorf.
func Usagef(format string, args ...any) error {
	return &UsageError{Err: fmt.Errorf(format, args...)}
}

// InterruptedError is returned by a command that stopped cleanly because its
// context was cancelled. It wraps context.Canceled.
type InterruptedError struct {
	// Resume is a clause about resuming, such as "repeat the command to resume"; may be
	// empty.
	Resume string
}

// Error returns a sentence with Resume in it.
func (e *InterruptedError) Error() string {
	if e.Resume == "" {
		return "interrupted"
	}
	return "interrupted; " + e.Resume
}

// Unwrap returns context.Canceled.
func (e *InterruptedError) Unwrap() error { return context.Canceled }

// ExitCode returns the exit code that belongs to the error of a command.
func ExitCode(err error) int {
	var usage *UsageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage), errors.Is(err, config.ErrInvalid):
		return ExitUsage
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.Is(err, ErrWorkLeft):
		return ExitWorkLeft
	case errors.Is(err, ErrCellsFailed):
		return ExitCellsFailed
	case errors.Is(err, errUnchecked):
		return ExitUnchecked
	default:
		return ExitFailure
	}
}
