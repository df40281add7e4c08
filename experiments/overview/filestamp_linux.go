package overview

import (
	"fmt"
	"io/fs"
	"syscall"
	"time"
)

// fileStamp returns the size, the times of the last change of content and of state, and the inode of a file as a
// text, and the later of both times.
func fileStamp(info fs.FileInfo) (string, time.Time) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return plainStamp(info)
	}
	changed := time.Unix(stat.Ctim.Unix())
	text := fmt.Sprint(info.Size(), " ", info.ModTime().UnixNano(), " ", changed.UnixNano(), " ", stat.Dev, " ", stat.Ino)
	if info.ModTime().After(changed) {
		changed = info.ModTime()
	}
	return text, changed
}
