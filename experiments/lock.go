package experiments

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// ErrTaken says that another process (or another runner in this one) holds the
// lock of a cell, which means that it is training that cell now.
var ErrTaken = errors.New("taken by another process")

// Locker hands out the right to produce one named thing in a store. At most
// one holder exists at a time, over every process that shares the store, and
// the right of a holder that died is free again without anybody's help.
type Locker interface {
	// TryLock takes the lock called name without waiting. The error wraps
	// ErrTaken when somebody else holds it.
	TryLock(name string) (Lock, error)
	// Names lists the locks that are held or were left behind.
	Names() ([]string, error)
}

// Lock is a right that is held until it is released. Release may be called
// only once.
type Lock interface {
	Release() error
}

// fileLocks locks with flock(2) on one file per name: right for processes of
// one host, and freed by the kernel when the holder dies.
type fileLocks struct {
	dir string
}

const lockSuffix = ".lock"

func (l fileLocks) TryLock(name string) (Lock, error) {
	path := filepath.Join(l.dir, name+lockSuffix)
	for {
		file := flock.New(path)
		got, err := file.TryLock()
		if err != nil {
			return nil, fmt.Errorf("experiments: lock %s: %w", path, err)
		}
		if !got {
			return nil, fmt.Errorf("experiments: lock %s: %w", path, ErrTaken)
		}
		current, err := isCurrent(file, path)
		if err == nil && current {
			return &fileLock{file: file, path: path}, nil
		}
		if closeErr := file.Unlock(); err == nil {
			err = closeErr
		}
		if err != nil {
			return nil, fmt.Errorf("experiments: lock %s: %w", path, err)
		}
	}
}

// isCurrent says whether the locked file is still the one at path. The holder
// before us removes the file when it is done, and a lock on a removed file
// excludes nobody.
func isCurrent(file *flock.Flock, path string) (bool, error) {
	locked, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(locked, named), nil
}

func (l fileLocks) Names() ([]string, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fmt.Errorf("experiments: list locks: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), lockSuffix); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

type fileLock struct {
	file *flock.Flock
	path string
}

func (l *fileLock) Release() error {
	// Removed before it is unlocked: afterwards it may be somebody else's.
	removeErr := os.Remove(l.path)
	if err := errors.Join(removeErr, l.file.Unlock()); err != nil {
		return fmt.Errorf("experiments: unlock %s: %w", l.path, err)
	}
	return nil
}
