// Package confined opens files below a directory that was named, and no others. A link
// may lead to another place in the directory, but not out of it. Only regular files are
// opened, and opening never blocks.
package confined

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"backfire/internal/disk"
)

// The errors that callers can distinguish, beside those of package fs.
var (
	// ErrOutside reports a link that leads out of the directory.
	ErrOutside = errors.New("a link that leads out of the directory")
	// ErrNotRegular reports a pipe, a socket, a device or a directory in place of a file.
	ErrNotRegular = disk.ErrNotRegular
)

// Dir is a directory out of which no path leads. Its methods take slash paths relative
// to it, "." for itself.
type Dir struct {
	root *os.Root
	path string // absolute, without links
}

// Open returns the directory at path, which may itself be a link.
func Open(name string) (*Dir, error) {
	absolute, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	target, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return nil, err
	}
	return &Dir{root: root, path: target}, nil
}

// Close releases the directory, from which no file can be opened after that.
func (d *Dir) Close() { _ = d.root.Close() }

// Path returns the path of a file for messages and keys, absolute and without the links
// of the directory's own path.
func (d *Dir) Path(rel string) string { return filepath.Join(d.path, filepath.FromSlash(rel)) }

// List returns the entries of a directory, sorted by name.
func (d *Dir) List(rel string) (entries []fs.DirEntry, err error) {
	err = d.follow(rel, func(place string) error {
		file, err := d.root.OpenFile(place, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		defer file.Close()
		entries, err = file.ReadDir(-1)
		return err
	})
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// Stat returns the file at a path. It follows links that stay in the directory. The
// error wraps [ErrOutside] for others, and fs.ErrNotExist for those that lead nowhere or
// in a circle.
func (d *Dir) Stat(rel string) (info fs.FileInfo, err error) {
	err = d.follow(rel, func(place string) error {
		info, err = d.root.Stat(place)
		return err
	})
	return info, err
}

// Open opens a regular file for reading. The error wraps those of [Dir.Stat], or
// [ErrNotRegular].
func (d *Dir) Open(rel string) (file *os.File, err error) {
	err = d.follow(rel, func(place string) error {
		file, err = openRegular(place, d.root.Stat, d.root.OpenFile)
		return err
	})
	return file, err
}

// follow calls use with a path as package os accepts it: rel, or the target if an
// absolute link in rel leads back into the directory.
func (d *Dir) follow(rel string, use func(place string) error) error {
	place := filepath.FromSlash(path.Clean(rel))
	err := use(place)
	if err == nil || errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNotRegular) {
		return err
	}
	target, broken := filepath.EvalSymlinks(filepath.Join(d.path, place))
	if broken != nil {
		if errors.Is(broken, fs.ErrNotExist) || errors.Is(broken, fs.ErrPermission) {
			return broken
		}
		return fmt.Errorf("%s: %w: a circle of links, or a path through a file", rel, fs.ErrNotExist)
	}
	inside, outside := filepath.Rel(d.path, target)
	switch {
	case outside != nil || !filepath.IsLocal(inside):
		return fmt.Errorf("%s: %w", rel, ErrOutside)
	case inside == place:
		return err
	}
	return use(inside)
}

// OpenFile opens the regular file at a path that was named, which may be a link. The
// error wraps [ErrNotRegular] if it is none.
func OpenFile(name string) (*os.File, error) { return disk.Open(name) }

// openRegular opens a file with the given functions. It looks at the file first, since
// opening a device can have an effect, and also afterwards, since another file may have
// taken its place.
func openRegular(name string, stat func(string) (fs.FileInfo, error), open func(string, int, fs.FileMode) (*os.File, error)) (*os.File, error) {
	info, err := stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %w", name, ErrNotRegular)
	}
	file, err := open(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err = file.Stat(); err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %w", name, ErrNotRegular)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
