package config

import (
	"errors"
	"fmt"
)

// ErrInvalid is wrapped by every error about the content of a configuration: an
// unknown key, a value of the wrong type or out of range, settings that contradict
// each other, a preset or file that does not exist.
var ErrInvalid = errors.New("invalid configuration")

// fault is an error about one key.
type fault struct {
	key    string // the key as it was written
	value  any    // its value; nil if the key itself is at fault
	where  string // its place, such as "file x.yaml:3"; empty: not known
	reason string
}

// Error returns "config: key = value (where): reason".
func (f *fault) Error() string {
	text := "config: " + f.key
	if f.value != nil {
		text += " = " + Format(f.value)
	}
	if f.where != "" {
		text += " (" + f.where + ")"
	}
	return text + ": " + f.reason
}

// Unwrap returns [ErrInvalid].
func (f *fault) Unwrap() error { return ErrInvalid }

// invalid is an error about a configuration as a whole. It wraps ErrInvalid without
// repeating its text.
type invalid struct{ err error }

// invalidf returns an error with a formatted text that wraps [ErrInvalid].
func invalidf(format string, args ...any) error {
	return &invalid{err: fmt.Errorf("config: "+format, args...)}
}

// Error returns the text without that of ErrInvalid.
func (i *invalid) Error() string { return i.err.Error() }

// Unwrap returns [ErrInvalid] and the formatted error.
func (i *invalid) Unwrap() []error { return []error{ErrInvalid, i.err} }
