package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"backfire/experiments/inference"
)

// ErrUnchecked marks a check that could not be made: an earlier one failed, or this host lacks what
// it needs, such as the images, the engine, memory, or the right to read a file. It tells nothing
// about the stored result.
var ErrUnchecked = errors.New("not checked")

// unchecked returns the error of a check that needs what an earlier one did not find.
func unchecked(what string) error {
	return fmt.Errorf("%w: %s is missing or wrong", ErrUnchecked, what)
}

// uncheckedError is a reason why a check could not be made, in its own words.
type uncheckedError struct{ reason error }

// Error returns the reason.
func (e *uncheckedError) Error() string { return e.reason.Error() }

// Unwrap returns ErrUnchecked and the reason.
func (e *uncheckedError) Unwrap() []error { return []error{ErrUnchecked, e.reason} }

// unable marks the reason why a check could not be made on this host.
func unable(reason error) error { return &uncheckedError{reason} }

// judged returns the error of a check, marked as unchecked where the reason lies with this host: a
// file that is there and cannot be read, a temporary file that cannot be written, or too little
// memory. A file that is missing, or no file, is a fault of what is stored.
func judged(err error) error {
	if errors.Is(err, ErrUnchecked) {
		return err
	}
	var path *fs.PathError
	var call *os.SyscallError
	var answer *inference.FailedRequest
	switch {
	case errors.As(err, &answer):
		if answer.Full || strings.Contains(answer.Reason, "memory") {
			return unable(err)
		}
		return err
	case errors.As(err, &path), errors.As(err, &call):
		for _, stored := range []error{fs.ErrNotExist, syscall.EISDIR, syscall.ENOTDIR, syscall.ELOOP, syscall.EINVAL} {
			if errors.Is(err, stored) {
				return err
			}
		}
		return unable(err)
	}
	return err
}

// asked returns the error of asking a stored model. A reason that the worker process gives is one
// about the model, see judged; where no process could give one, there was no check.
func asked(err error) error {
	var answer *inference.FailedRequest
	if errors.As(err, &answer) {
		return err
	}
	return unable(err)
}
