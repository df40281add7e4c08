//go:build !linux

package overview

import (
	"io/fs"
	"time"
)

// fileStamp returns the size and the time of the last change of a file as a text, and that time.
func fileStamp(info fs.FileInfo) (string, time.Time) { return plainStamp(info) }
