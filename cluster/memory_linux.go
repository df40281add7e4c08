package cluster

import "golang.org/x/sys/unix"

// inMemory says whether a directory is on a file system in this host's memory.
func inMemory(dir string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(dir, &stat) == nil && (stat.Type == unix.TMPFS_MAGIC || stat.Type == unix.RAMFS_MAGIC)
}
