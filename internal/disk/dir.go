package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The errors that callers can distinguish, beside those of package fs.
var (
	// ErrLink reports a symbolic link where a file or directory of its own belongs.
	ErrLink = errors.New("a link, which is not followed here")
	// ErrNotRegular reports a pipe, a socket, a device or a directory in place of a file.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooLarge reports a file with more bytes than its kind ever has.
	ErrTooLarge = errors.New("larger than such a file can be")
	// ErrOutside reports a name that leads out of a directory.
	ErrOutside = errors.New("a name that leads out of the directory")
)

// Dir is a directory whose files may come from another person. No method follows a symbolic link below
// the base, whatever it leads to: the error wraps ErrLink. The path of the base itself was named by the user
// and may contain links. The names that methods take are relative to the directory, with slashes; "." is the
// directory itself. No method blocks on what is not a regular file.
type Dir struct {
	base string
	rel  string // below base, with slashes; empty: base
}

// In returns the directory at a path that was named by the user.
func In(base string) Dir { return Dir{base: base} }

// Sub returns a directory below d. It need not exist.
func (d Dir) Sub(name string) Dir { return Dir{base: d.base, rel: path.Join(d.rel, name)} }

// Path returns the path of a name, for messages and for other processes.
func (d Dir) Path(name string) string {
	return filepath.Join(d.base, filepath.FromSlash(d.rel), filepath.FromSlash(name))
}

// Kind tells files, directories and links apart.
type Kind struct{ mode fs.FileMode }

// IsDir reports whether it is a directory.
func (k Kind) IsDir() bool { return k.mode.IsDir() }

// IsRegular reports whether it is a regular file.
func (k Kind) IsRegular() bool { return k.mode.IsRegular() }

// IsLink reports whether it is a symbolic link.
func (k Kind) IsLink() bool { return k.mode&fs.ModeSymlink != 0 }

// Info describes a file or directory.
type Info struct {
	Kind
	Size    int64
	ModTime time.Time
}

// Entry is a name in a directory.
type Entry struct {
	Kind
	Name string
}

// Stat describes what has a name. It does not follow a link, but describes it.
func (d Dir) Stat(name string) (info Info, err error) {
	err = d.at("stat", name, func(dir int, last string) error {
		info, err = statAt(dir, last)
		return err
	})
	return info, err
}

// Open opens a regular file for reading. The error wraps ErrLink or ErrNotRegular if it is none.
func (d Dir) Open(name string) (file *os.File, err error) {
	err = d.at("open", name, func(dir int, last string) error {
		file, err = openRegularAt(dir, last, d.Path(name))
		return err
	})
	return file, err
}

// ReadFile reads a regular file of at most limit bytes. The error is that of Open, or wraps ErrTooLarge.
func (d Dir) ReadFile(name string, limit int64) ([]byte, error) {
	file, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	return readAll(file, limit)
}

// Create makes a file for writing, in place of a file or link that has the name.
func (d Dir) Create(name string) (file *os.File, err error) {
	err = d.at("create", name, func(dir int, last string) error {
		if err := ignoring(func() error { return unix.Unlinkat(dir, last, 0) }); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		file, err = openAt(dir, last, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, FileMode, d.Path(name))
		return err
	})
	return file, err
}

// CreateNew makes an empty file. The error wraps fs.ErrExist if the name exists.
func (d Dir) CreateNew(name string) error {
	return d.at("create", name, func(dir int, last string) error {
		file, err := openAt(dir, last, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL, FileMode, d.Path(name))
		if err != nil {
			return err
		}
		return file.Close()
	})
}

// WriteFile writes a file, in place of a file or link that has the name.
func (d Dir) WriteFile(name string, data []byte) error {
	file, err := d.Create(name)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// CopyTo copies a file to the same name in another directory, with the directories above it, in place of a file or
// link that has the name there.
func (d Dir) CopyTo(name string, other Dir) error {
	source, err := d.Open(name)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := other.MkdirAll(path.Dir(name)); err != nil {
		return err
	}
	target, err := other.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// Mkdir makes a directory. The error wraps fs.ErrExist if the name exists.
func (d Dir) Mkdir(name string) error {
	return d.at("mkdir", name, func(dir int, last string) error {
		return ignoring(func() error { return unix.Mkdirat(dir, last, DirMode) })
	})
}

// MkdirAll makes a directory, and those on the way to it, unless they exist.
func (d Dir) MkdirAll(name string) error {
	if err := os.MkdirAll(d.base, DirMode); err != nil {
		return err
	}
	whole := path.Join(d.rel, name)
	if whole == "." || whole == "" {
		return nil
	}
	below := In(d.base)
	parts := strings.Split(whole, "/")
	for i := range parts {
		part := strings.Join(parts[:i+1], "/")
		err := below.Mkdir(part)
		if errors.Is(err, fs.ErrExist) {
			err = below.at("mkdir", part, mustBeDir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mustBeDir returns an error unless a name is a directory.
func mustBeDir(dir int, last string) error {
	info, err := statAt(dir, last)
	switch {
	case err != nil:
		return err
	case info.IsLink():
		return ErrLink
	case !info.IsDir():
		return unix.ENOTDIR
	}
	return nil
}

// Rename moves a file or directory, or a link as such. It replaces a file, or an empty directory by a
// directory.
func (d Dir) Rename(from, to string) error { return d.move("rename", from, d, to, renameAt) }

// MoveTo moves a file or directory as Rename does, to a name in another directory of the same base.
func (d Dir) MoveTo(from string, other Dir, to string) error {
	return d.move("rename", from, other, to, renameAt)
}

// ExchangeWith makes two directories trade places, in one step if the file system can do that.
func (d Dir) ExchangeWith(name string, other Dir, theirs string) error {
	err := d.move("exchange", name, other, theirs, exchangeAt)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	return d.exchangeInSteps(name, other, theirs)
}

// exchangeInSteps makes two directories trade places by renaming one after the other. For a moment, neither
// has the second name.
func (d Dir) exchangeInSteps(name string, other Dir, theirs string) error {
	between := name + "-old"
	if err := other.MoveTo(theirs, d, between); err != nil {
		return err
	}
	if err := d.MoveTo(name, other, theirs); err != nil {
		return errors.Join(err, d.MoveTo(between, other, theirs))
	}
	return d.Rename(between, name)
}

// move calls do with both names.
func (d Dir) move(op, from string, other Dir, to string, do func(fromDir int, from string, toDir int, to string) error) error {
	return d.at(op, from, func(fromDir int, fromLast string) error {
		return other.at(op, to, func(toDir int, toLast string) error {
			return ignoring(func() error { return do(fromDir, fromLast, toDir, toLast) })
		})
	})
}

// renameAt moves a file or directory.
func renameAt(fromDir int, from string, toDir int, to string) error {
	return unix.Renameat(fromDir, from, toDir, to)
}

// Remove removes a file, a link or an empty directory.
func (d Dir) Remove(name string) error {
	return d.at("remove", name, func(dir int, last string) error {
		info, err := statAt(dir, last)
		if err != nil {
			return err
		}
		flags := 0
		if info.IsDir() {
			flags = unix.AT_REMOVEDIR
		}
		return ignoring(func() error { return unix.Unlinkat(dir, last, flags) })
	})
}

// RemoveAll removes what has a name, with everything in it; nothing if there is nothing. It removes links,
// not what they lead to. It refuses the base.
func (d Dir) RemoveAll(name string) error {
	err := d.at("remove", name, func(dir int, last string) error {
		if last == "." {
			return ErrOutside // the base itself
		}
		return removeAllAt(dir, last)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ReadDir returns the entries of a directory, sorted by name.
func (d Dir) ReadDir(name string) ([]Entry, error) {
	var entries []Entry
	err := d.within("open", name, func(dir *os.File) error {
		listed, err := dir.ReadDir(-1)
		for _, each := range listed {
			entries = append(entries, Entry{Kind{each.Type()}, each.Name()})
		}
		return err
	})
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, err
}

// Names returns the names in a directory, in any order. It looks at none of the files.
func (d Dir) Names(name string) (names []string, err error) {
	err = d.within("open", name, func(dir *os.File) error {
		names, err = dir.Readdirnames(-1)
		return err
	})
	return names, err
}

// Touch sets the modification time of a file to the present time of the file system's clock.
func (d Dir) Touch(name string) error {
	return d.at("touch", name, func(dir int, last string) error {
		return ignoring(func() error { return touchAt(dir, last) })
	})
}
