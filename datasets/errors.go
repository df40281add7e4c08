package datasets

import (
	"errors"

	"backfire/internal/download"
)

// Errors that callers decide on; what [Load], [Fetch] and [Verify] return wraps
// one of them where it applies.
var (
	// ErrMissing says that the data are not where they were looked for.
	ErrMissing = errors.New("data not found")
	// ErrCorrupt says that data are there but cannot be used: truncated,
	// with a wrong checksum, of mixed sizes, undecodable, ...
	ErrCorrupt = errors.New("bad data")
	// ErrUnknownDataset says that no dataset has the name asked for.
	ErrUnknownDataset = errors.New("unknown dataset")
	// ErrUnknownClass says that a set has no class of the name asked for.
	ErrUnknownClass = errors.New("unknown class")
	// ErrSplit says that the split asked for does not exist.
	ErrSplit = errors.New("no such split")
	// ErrOtherKind says that an image is not like those of a set.
	ErrOtherKind = errors.New("an image of another kind")
	// ErrUnreachable says that no mirror delivered a file.
	ErrUnreachable = download.ErrUnreachable
	// ErrBusy says that another process is fetching the same dataset.
	ErrBusy = errors.New("already being fetched by another process")
)
