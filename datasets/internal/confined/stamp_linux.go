package confined

import (
	"fmt"
	"io/fs"
	"syscall"
	"time"
)

// Stamp returns a text that changes whenever the content of a file may have changed: its
// size, times of change, device and inode.
func Stamp(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d %d %d %d %d", info.Size(), info.ModTime().UnixNano(), Changed(info).UnixNano(), stat.Dev, stat.Ino)
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
}

// Changed returns the time of the last change of a file's content or attributes, which
// no program can set back.
func Changed(info fs.FileInfo) time.Time {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(stat.Ctim.Unix())
	}
	return info.ModTime()
}

// Identity returns a text that two paths have in common if they lead to one file.
func Identity(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d %d", stat.Dev, stat.Ino)
	}
	return ""
}
