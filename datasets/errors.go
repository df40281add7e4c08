package datasets

import (
	"errors"

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
