package config

import (
	"errors"
	"fmt"
)

// ErrInvalid is wrapped by every error about the content of a configuration:
// an unknown key, a value of the wrong type or out of range, settings that
// contradict each other, a preset or file that is not there.
var ErrInvalid = errors.New("invalid configuration")

// fault is an error about one key; its source is filled in where it is known.
type fault struct {
	key    string // the key as it was written
	value  any    // its value; nil where the key itself is at fault
	where  string // where it stood, such as "file x.yaml:3"; empty: not known
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

// invalid is an error about the configuration as a whole that reads as its own
// sentence and wraps ErrInvalid without repeating it.
type invalid struct{ err error }

// invalidf returns an [ErrInvalid] with a formatted text.
func invalidf(format string, args ...any) error {
	return &invalid{err: fmt.Errorf("config: "+format, args...)}
}

// Error returns the text alone.
func (i *invalid) Error() string { return i.err.Error() }

// Unwrap returns [ErrInvalid] and what the text was made of.
func (i *invalid) Unwrap() []error { return []error{ErrInvalid, i.err} }
