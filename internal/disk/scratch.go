package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// scratchPrefix begins the names of scratch directories.
const scratchPrefix = "backfire-scratch-"

// Scratch is a directory for temporary files of this process. Its owner alone can enter it (mode 0700). A lock,
// which the kernel releases when the process ends, however it ends, shows that it is in use.
type Scratch struct {
	path string
	lock *os.File
}

// NewScratch makes a scratch directory below os.TempDir. It also removes those that this user's killed
// processes left there.
func NewScratch() (*Scratch, error) {
	base := os.TempDir()
	tidyScratch(base)
	for {
		path, err := os.MkdirTemp(base, scratchPrefix)
		if err != nil {
			return nil, fmt.Errorf("disk: make scratch directory: %w", err)
		}
		lock, err := lockDir(path)
		switch {
		case errors.Is(err, errInUse) || errors.Is(err, os.ErrNotExist):
			continue // another process took it for one that was left
		case err != nil:
			return nil, fmt.Errorf("disk: make scratch directory: %w", err)
		}
		if _, err := os.Lstat(path); err == nil {
			return &Scratch{path, lock}, nil
		}
		_ = lock.Close() // removed before it was locked
	}
}

// Path returns the path of the directory.
func (s *Scratch) Path() string { return s.path }

// Close removes the directory with everything in it. What cannot be removed stays.
func (s *Scratch) Close() {
	dir, name := Split(s.path)
	_ = dir.RemoveAll(name) // the next process tries it once more
	_ = s.lock.Close()
}

// errInUse reports that a process uses a scratch directory.
var errInUse = errors.New("in use")

// lockDir opens a directory and locks it, where the file system can.
func lockDir(path string) (*os.File, error) {
	fd, err := openFD(unix.AT_FDCWD, path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), path)
	err = ignoring(func() error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(errInUse, file.Close())
	}
	return file, nil
}

// tidyScratch removes the scratch directories of this user that no process has locked.
func tidyScratch(base string) {
	entries, err := In(base).ReadDir(".")
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name, scratchPrefix) {
			continue
		}
		info, err := os.Lstat(filepath.Join(base, entry.Name))
		if err != nil {
			continue
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(stat.Uid) != os.Getuid() {
			continue
		}
		lock, err := lockDir(filepath.Join(base, entry.Name))
		if err != nil {
			continue
		}
		if canLock(lock) {
			_ = In(base).RemoveAll(entry.Name)
		}
		_ = lock.Close()
	}
}

// canLock reports whether the file system of an open directory has locks, so that a free one means something.
func canLock(dir *os.File) bool {
	return ignoring(func() error { return unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB) }) == nil
}
