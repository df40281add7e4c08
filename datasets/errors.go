package datasets

import (
	"errors"
	"fmt"

	"backfire/internal/download"
)

// The errors that callers can distinguish. The errors of [Load], [Fetch] and [Verify]
// wrap one of them where it applies.
var (
	// ErrMissing reports that the data are not at the place that was searched.
	ErrMissing = errors.New("data not found")
	// ErrCorrupt reports that data exist but cannot be used: they are truncated, have
	// a wrong checksum or mixed sizes, cannot be decoded, and so on.
	ErrCorrupt = errors.New("bad data")
	// ErrUnknownDataset reports that no dataset has the given name.
	ErrUnknownDataset = errors.New("unknown dataset")
	// ErrUnknownClass reports that a set has no class of the given name.
	ErrUnknownClass = errors.New("unknown class")
	// ErrSplit reports that the data do not have the given split.
	ErrSplit = errors.New("no such split")
	// ErrOtherKind reports that an image differs in size or colour from those of a set.
	ErrOtherKind = errors.New("an image of another kind")
	// ErrUnreachable reports that no mirror delivered a file.
	ErrUnreachable = download.ErrUnreachable
	// ErrBusy reports that another process is fetching the same dataset.
	ErrBusy = errors.New("already being fetched by another process")
)

// advised is an error that names the way out.
type advised struct{ error }

// Unwrap returns the error itself.
func (a advised) Unwrap() error { return a.error }

// advisedf returns an error that names the way out, so that no general advice is added.
func advisedf(format string, args ...any) error { return advised{fmt.Errorf(format, args...)} }

// mend adds the place of the data to an error about their content, and the way out
// unless the error names one.
func (l *loader) mend(where string, err error) error {
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	if has := (advised{}); errors.As(err, &has) {
		return fmt.Errorf("%s: %w", where, err)
	}
	return fmt.Errorf("%s: %w; %s", where, err, l.repair())
}
