package overview

import (
	"fmt"
	"io/fs"
	"time"
)

// plainStamp returns what every system knows of a file: its size and the time of its last change.
func plainStamp(info fs.FileInfo) (string, time.Time) {
	return fmt.Sprint(info.Size(), " ", info.ModTime().UnixNano()), info.ModTime()
}
