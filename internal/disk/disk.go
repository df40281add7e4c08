// Package disk is the one layer through which stores, plans, configurations, pictures and datasets are read
// and written. A Dir is a directory below which no link is followed; Open and ReadFile read what the user
// named. Only regular files are opened, opening never blocks, and what is read as a whole has a limit of size.
// The package also holds permissions, syncing, checksums and sizes. It knows nothing of what files contain.
//
// Its errors name the file; the caller names the action.
package disk

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// The permissions of what a store holds: writable by the owner, readable by all, before the umask.
const (
	DirMode  = 0o755
	FileMode = 0o644
)

// The limits of size of files that are read as a whole, by their kind, in bytes.
const (
	MaxText    = 64 << 20 // what people write: configurations, sweeps, notes
	MaxRecord  = 1 << 30  // what the program writes: results of a thousand attackers, plans of many points, tables
	MaxPicture = 1 << 28  // an encoded picture
	MaxBytes   = 8 << 30  // one byte per image or value
)

// Open opens a regular file that the user named, for reading. Its path may contain links. The error wraps
// ErrNotRegular if it is none.
func Open(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: ErrNotRegular}
	}
	file, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if file, err = regular(file); err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return file, nil
}

// ReadFile reads a regular file of at most limit bytes that the user named. Its path may contain links. The
// error wraps ErrNotRegular or ErrTooLarge.
func ReadFile(name string, limit int64) ([]byte, error) {
	file, err := Open(name)
	if err != nil {
		return nil, err
	}
	return readAll(file, limit)
}

// Sync flushes files or directories to the disk. Some network and user-space file systems cannot sync a
// directory and answer EINVAL; there the rename that preceded has to do, and Sync reports no error.
func (d Dir) Sync(names ...string) error {
	for _, name := range names {
		err := d.at("sync", name, func(dir int, last string) error {
			file, err := openAt(dir, last, unix.O_RDONLY, 0, d.Path(name))
			if err != nil {
				return err
			}
			syncErr := file.Sync()
			if errors.Is(syncErr, syscall.EINVAL) {
				if info, err := file.Stat(); err == nil && info.IsDir() {
					syncErr = nil
				}
			}
			return errors.Join(syncErr, file.Close())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SyncAll flushes a directory and all that is in it.
func (d Dir) SyncAll(name string) error {
	return d.walk(name, func(each string, _ Info) error { return d.Sync(each) })
}

// IsFull reports whether an error means that nothing more can be written: the disk is full, or the quota is
// used up.
func IsFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// Size returns the number of bytes of a file, or of all files in a directory and its directories. Links count
// as what they are, not as what they lead to.
func (d Dir) Size(name string) (int64, error) {
	var sum int64
	err := d.walk(name, func(_ string, info Info) error {
		if !info.IsDir() {
			sum += info.Size
		}
		return nil
	})
	return sum, err
}

// Files lists the files of a directory and of the directories in it: relative to the directory, with slashes,
// sorted. Links and what else is no directory are among them.
func (d Dir) Files(name string) ([]string, error) {
	var names []string
	inside := d.Sub(name)
	err := inside.walk(".", func(each string, info Info) error {
		if !info.IsDir() {
			names = append(names, each)
		}
		return nil
	})
	return names, err
}

// maxDepth is the largest depth of directories that are walked. No result has more than two.
const maxDepth = 64

// walk calls visit with a file or directory and all that is in it, directories before their entries.
func (d Dir) walk(name string, visit func(name string, info Info) error) error {
	info, err := d.Stat(name)
	if err != nil {
		return err
	}
	return d.walkIn(name, info, visit, 0)
}

func (d Dir) walkIn(name string, info Info, visit func(name string, info Info) error, depth int) error {
	if depth > maxDepth {
		return &fs.PathError{Op: "walk", Path: d.Path(name), Err: fmt.Errorf("more than %d directories within each other", maxDepth)}
	}
	if err := visit(name, info); err != nil || !info.IsDir() {
		return err
	}
	entries, err := d.ReadDir(name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		each := path.Join(name, entry.Name)
		info, err := d.Stat(each)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return err
		}
		if err := d.walkIn(each, info, visit, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// SHA256 returns the SHA-256 of a regular file's content in 64 hexadecimal digits.
func (d Dir) SHA256(name string) (string, error) {
	file, err := d.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(file, maxHashed)); err != nil {
		return "", fmt.Errorf("read %s: %w", d.Path(name), err)
	}
	if n, err := file.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) {
		return "", &fs.PathError{Op: "read", Path: d.Path(name), Err: ErrTooLarge}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// maxHashed is the largest number of bytes of a file whose checksum is computed.
const maxHashed = 64 << 30

// Split returns the directory that holds a path, which was named by the user or made by this program, and its
// last element.
func Split(name string) (Dir, string) { return In(filepath.Dir(name)), filepath.Base(name) }

// Size returns the number of bytes of a file, or of all files in a directory, as Dir.Size does.
func Size(name string) (int64, error) {
	dir, last := Split(name)
	return dir.Size(last)
}

// Files lists the files of a directory, as Dir.Files does.
func Files(dir string) ([]string, error) { return In(dir).Files(".") }

// SHA256 returns the SHA-256 of a file, as Dir.SHA256 does.
func SHA256(name string) (string, error) {
	dir, last := Split(name)
	return dir.SHA256(last)
}
