package leases

import (
	"path/filepath"
	"time"

	"backfire/internal/disk"
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
type Disk struct {
	// Base is a directory that was named by the user: no link below it is followed. Empty:
	// the directory of each path.
	Base string
}

var _ Files = Disk{}

// in returns the directory and the name of a path.
func (d Disk) in(path string) (disk.Dir, string) {
	if d.Base == "" {
		return disk.Split(path)
	}
	rel, err := filepath.Rel(d.Base, path)
	if err != nil {
		rel = ".." // refused by disk.Dir
	}
	return disk.In(d.Base), filepath.ToSlash(rel)
}

// Mkdir makes a directory.
func (d Disk) Mkdir(path string) error {
	dir, name := d.in(path)
	return dir.Mkdir(name)
}

// Create makes an empty file, and fails if the path exists.
func (d Disk) Create(path string) error {
	dir, name := d.in(path)
	return dir.CreateNew(name)
}

// Touch sets the modification time of a file. With a network file system the server
// stamps it: no time is sent to it.
func (d Disk) Touch(path string) error {
	dir, name := d.in(path)
	return dir.Touch(name)
}

// Rename moves a file or directory.
func (d Disk) Rename(from, to string) error {
	dir, name := d.in(from)
	other, theirs := d.in(to)
	return dir.MoveTo(name, other, theirs)
}

// Remove removes a file or an empty directory.
func (d Disk) Remove(path string) error {
	dir, name := d.in(path)
	return dir.Remove(name)
}

// ReadDir returns the names in a directory.
func (d Disk) ReadDir(path string) ([]string, error) {
	dir, name := d.in(path)
	return dir.Names(name)
}

// ModTime returns the modification time of a file or directory.
func (d Disk) ModTime(path string) (time.Time, error) {
	dir, name := d.in(path)
	info, err := dir.Stat(name)
	return info.ModTime, err
}
