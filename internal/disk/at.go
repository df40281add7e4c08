package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// at calls use with the open directory that holds a name, and the last element of the name. It opens one
// directory after the other, none of them through a link. An error of use gets the operation and the path.
func (d Dir) at(op, name string, use func(dir int, last string) error) error {
	err := func() error {
		rel := path.Join(d.rel, name)
		if rel == "" {
			rel = "."
		}
		if !filepath.IsLocal(filepath.FromSlash(rel)) {
			return ErrOutside
		}
		dir, err := openFD(unix.AT_FDCWD, d.base, unix.O_RDONLY|unix.O_DIRECTORY)
		if err != nil {
			return err
		}
		defer func() { _ = unix.Close(dir) }() // nothing was written through it
		parts := strings.Split(rel, "/")
		last := len(parts) - 1
		for _, part := range parts[:last] {
			next, err := openFD(dir, part, wayThrough|unix.O_DIRECTORY|unix.O_NOFOLLOW)
			if err != nil {
				return linkOr(dir, part, err)
			}
			_ = unix.Close(dir)
			dir = next
		}
		return use(dir, parts[last])
	}()
	if err == nil {
		return nil
	}
	if _, isPath := errors.AsType[*fs.PathError](err); isPath {
		return err
	}
	return &fs.PathError{Op: op, Path: d.Path(name), Err: err}
}

// within calls use with an open directory.
func (d Dir) within(op, name string, use func(dir *os.File) error) error {
	return d.at(op, name, func(parent int, last string) error {
		fd, err := openFD(parent, last, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
		if err != nil {
			return linkOr(parent, last, err)
		}
		dir := os.NewFile(uintptr(fd), d.Path(name))
		return errors.Join(use(dir), dir.Close())
	})
}

// linkOr returns ErrLink if a name is a link, and otherwise the error that opening it gave.
func linkOr(dir int, name string, err error) error {
	if info, statErr := statAt(dir, name); statErr == nil && info.IsLink() {
		return ErrLink
	}
	return err
}

// ignoring repeats a system call as long as a signal interrupts it.
func ignoring(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// openFD opens a file below an open directory.
func openFD(dir int, name string, flags int) (fd int, err error) {
	err = ignoring(func() error {
		fd, err = unix.Openat(dir, name, flags|unix.O_CLOEXEC, 0)
		return err
	})
	return fd, err
}

// openAt opens a file below an open directory. It follows no link.
func openAt(dir int, name string, flags int, mode uint32, path string) (*os.File, error) {
	var fd int
	err := ignoring(func() (err error) {
		fd, err = unix.Openat(dir, name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, mode)
		return err
	})
	if err != nil {
		return nil, linkOr(dir, name, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// openRegularAt opens a regular file for reading. It looks at the file first, since opening a device can have
// an effect, and also afterwards, since another file may have taken its place.
func openRegularAt(dir int, name, path string) (*os.File, error) {
	info, err := statAt(dir, name)
	switch {
	case err != nil:
		return nil, err
	case info.IsLink():
		return nil, ErrLink
	case !info.IsRegular():
		return nil, ErrNotRegular
	}
	file, err := openAt(dir, name, unix.O_RDONLY, 0, path)
	if err != nil {
		return nil, err
	}
	return regular(file)
}

// regular returns an open file, or an error and closes it if it is not regular.
func regular(file *os.File) (*os.File, error) {
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotRegular
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// statAt describes a name in an open directory, a link as such.
func statAt(dir int, name string) (Info, error) {
	var stat unix.Stat_t
	err := ignoring(func() error { return unix.Fstatat(dir, name, &stat, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return Info{}, err
	}
	return Info{Kind: kindOf(stat.Mode), Size: stat.Size, ModTime: time.Unix(stat.Mtim.Unix())}, nil
}

// kindOf returns the kind of a file with the system's mode.
func kindOf[Mode uint16 | uint32](mode Mode) Kind {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return Kind{}
	case unix.S_IFDIR:
		return Kind{fs.ModeDir}
	case unix.S_IFLNK:
		return Kind{fs.ModeSymlink}
	default:
		return Kind{fs.ModeIrregular}
	}
}

// removeAllAt removes what has a name in an open directory, with everything in it.
func removeAllAt(dir int, name string) error {
	info, err := statAt(dir, name)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return ignoring(func() error { return unix.Unlinkat(dir, name, 0) })
	}
	fd, err := openFD(dir, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		return err
	}
	inside := os.NewFile(uintptr(fd), name)
	names, err := inside.Readdirnames(-1)
	for _, each := range names {
		if err := removeAllAt(fd, each); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s: %w", each, err), inside.Close())
		}
	}
	if err := errors.Join(err, inside.Close()); err != nil {
		return err
	}
	return ignoring(func() error { return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR) })
}

// readAll reads an open file of at most limit bytes and closes it.
func readAll(file *os.File, limit int64) ([]byte, error) {
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, &fs.PathError{Op: "read", Path: file.Name(), Err: fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, info.Size(), limit)}
	}
	data := make([]byte, 0, info.Size()+1)
	for {
		n, err := file.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, err
		case int64(len(data)) > limit:
			return nil, &fs.PathError{Op: "read", Path: file.Name(), Err: ErrTooLarge}
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}
