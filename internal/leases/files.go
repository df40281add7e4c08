package leases

import (
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Files are the operations on a file system that leases need. Errors wrap
// fs.ErrNotExist and fs.ErrExist (also for a directory that is not empty) where they
// apply.
type Files interface {
	// Mkdir makes a directory.
	Mkdir(path string) error
	// Create makes an empty file, and fails if the path exists.
	Create(path string) error
	// Touch sets the modification time of a file to the present time of the file
	// system's clock.
	Touch(path string) error
	// Rename moves a file or directory atomically. A directory can replace an empty
	// one.
	Rename(from, to string) error
	// Remove removes a file or an empty directory.
	Remove(path string) error
	// ReadDir returns the names in a directory, in any order.
	ReadDir(path string) ([]string, error)
	// ModTime returns the modification time of a file or directory.
	ModTime(path string) (time.Time, error)
}

// Disk is the file system of this machine.
type Disk struct{}

var _ Files = Disk{}

// Mkdir makes a directory.
func (Disk) Mkdir(path string) error { return os.Mkdir(path, 0o755) }

// Create makes an empty file, and fails if the path exists.
func (Disk) Create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}

// Touch sets the modification time of a file.
func (Disk) Touch(path string) error {
	if err := touch(path); err != nil {
		return &fs.PathError{Op: "touch", Path: path, Err: err}
	}
	return nil
}

// Rename moves a file or directory. It does not use os.Rename, which refuses to replace
// a directory.
func (Disk) Rename(from, to string) error {
	if err := unix.Rename(from, to); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// Remove removes a file or an empty directory.
func (Disk) Remove(path string) error { return os.Remove(path) }

// ReadDir returns the names in a directory.
func (Disk) ReadDir(path string) ([]string, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// ModTime returns the modification time of a file or directory.
func (Disk) ModTime(path string) (time.Time, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}
