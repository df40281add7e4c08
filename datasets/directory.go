package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"backfire/datasets/census"
	"backfire/datasets/internal/confined"
)

// loadFolder reads a directory of class folders, or of CIFAR-10's batches at any depth.
func (l *loader) loadFolder(ctx context.Context, name string) (*Set, error) {
	dir, err := confined.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	defer dir.Close()
	listed := time.Now()
	w := &walker{ctx: ctx, dir: dir, listing: newListing(), key: sha256.New(), visits: map[string]int{}}
	fmt.Fprintf(w.key, "%q\n", dir.Path("."))
	if err := w.list(".", nil); err != nil {
		return nil, l.mend(name, err)
	}
	w.listing.sort()
	files := slices.Concat(w.listing.images, w.listing.batches, w.listing.dataOf())
	if w.listing.meta != nil {
		files = append(files, *w.listing.meta)
	}
	content := &contentCheck{dir: dir, files: files, listed: listed}
	return l.cached("folder "+hex.EncodeToString(w.key.Sum(nil)), content, func() (*Set, error) {
		var g growth
		set, err := l.readListing(w.listing, &folderReader{ctx, dir, w.listing, &g}, &g, name)
		return set, l.mend(name, err)
	})
}

// maxVisits is the largest accepted number of paths to one directory. Links that lead to
// each other can make 2^n paths of n links.
const maxVisits = 64

// walker lists a directory.
type walker struct {
	ctx     context.Context
	dir     *confined.Dir
	listing *listing
	key     hash.Hash      // of all that the set or its census depends on
	visits  map[string]int // of each directory, by its identity
}

// list records what lies in a directory. above are the identities of the directories
// above it, by which a circle of links is recognised.
func (w *walker) list(rel string, above []string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	info, err := w.dir.Stat(rel)
	if err != nil {
		return unreadable(rel, err)
	}
	identity := confined.Identity(info)
	w.visits[identity]++
	if identity != "" && w.visits[identity] > maxVisits {
		return advisedf("%w: links lead to the folder %s more than %d times; remove them", ErrCorrupt, shown(rel), maxVisits)
	}
	if identity != "" && slices.Contains(above, identity) {
		return advisedf("%w: %s is a link to a folder in which it lies; remove the link", ErrCorrupt, shown(rel))
	}
	entries, err := w.dir.List(rel)
	if err != nil {
		return unreadable(rel, err)
	}
	above = append(slices.Clone(above), identity)
	for _, e := range entries {
		if err := w.entry(path.Join(rel, e.Name()), e, above); err != nil {
			return err
		}
	}
	return nil
}

// entry records one entry of a directory.
func (w *walker) entry(p string, e fs.DirEntry, above []string) error {
	fmt.Fprintf(w.key, "%q %s\n", p, e.Type())
	if hidden := hiddenPart(p); hidden != "" {
		return w.listing.hide(hidden)
	}
	switch {
	case e.Type()&fs.ModeSymlink != 0:
		return w.link(p, above)
	case e.IsDir():
		return w.subdirectory(p, above)
	case e.Type().IsRegular() && !needed(p):
		return w.listing.addFile(dataFile{path: p})
	}
	info, err := e.Info()
	if err != nil {
		return unreadable(p, err)
	}
	return w.file(p, info)
}

// subdirectory records a directory and what lies in it.
func (w *walker) subdirectory(p string, above []string) error {
	if err := w.listing.addDir(p, false); err != nil {
		return err
	}
	return w.list(p, above)
}

// file records a file of images or labels.
func (w *walker) file(p string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		if needed(p) {
			return advisedf("%w: %s is not a regular file; remove it", ErrCorrupt, w.dir.Path(p))
		}
		return w.listing.leaveOut(census.Special, p)
	}
	stamp := confined.Stamp(info)
	fmt.Fprintf(w.key, "%s\n", stamp)
	return w.listing.addFile(dataFile{path: p, content: p, size: info.Size(), stamp: stamp, changed: confined.Changed(info)})
}

// link records what a link leads to. An image or a folder to which it does not lead is
// an error, and any other file is left out.
func (w *walker) link(p string, above []string) error {
	info, err := w.dir.Stat(p)
	switch {
	case err == nil && info.IsDir():
		return w.subdirectory(p, above)
	case err == nil && needed(p):
		return w.file(p, info)
	case err != nil && (needed(p) || w.leadsToFolder(p, err)):
		return unreadable(p, err)
	}
	return w.listing.leaveOut(census.Link, p)
}

// leadsToFolder reports whether a link that leads out of the directory leads to another
// directory, which may have been meant as a class folder.
func (w *walker) leadsToFolder(p string, err error) bool {
	if !errors.Is(err, confined.ErrOutside) {
		return false
	}
	info, err := os.Stat(w.dir.Path(p))
	return err == nil && info.IsDir()
}

// unreadable returns the error for a path that cannot be read.
func unreadable(p string, err error) error {
	switch {
	case errors.Is(err, confined.ErrOutside):
		return advisedf("%w: %w; put a copy of its target in its place (cp -rL copies a whole folder so)", ErrCorrupt, err)
	case errors.Is(err, confined.ErrNotRegular):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s is a link to a file that is not there, or was removed just now: %w", ErrCorrupt, shown(p), err)
	}
	return fmt.Errorf("read the folder: %w", err)
}

// folderReader reads the files of a directory.
type folderReader struct {
	ctx     context.Context
	dir     *confined.Dir
	listing *listing
	growth  *growth
}

// read calls use for the wanted files in the order of their paths.
func (r *folderReader) read(wanted func(string) bool, use func(string, int64, io.Reader) error) error {
	files := slices.Concat(r.listing.images, r.listing.batches, r.listing.dataOf())
	if r.listing.meta != nil {
		files = append(files, *r.listing.meta)
	}
	for _, f := range files {
		if !wanted(f.content) {
			continue
		}
		if err := r.one(f, use); err != nil {
			return err
		}
	}
	return nil
}

// one calls use for one file, unless it was changed after it was listed.
func (r *folderReader) one(f dataFile, use func(string, int64, io.Reader) error) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	file, err := r.dir.Open(f.path)
	if err != nil {
		return unreadable(f.path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return unreadable(f.path, err)
	}
	if f.stamp != "" && confined.Stamp(info) != f.stamp {
		return fmt.Errorf("%s was changed while the folder was read: retry when it is complete", r.dir.Path(f.path))
	}
	return use(f.path, info.Size(), r.growth.counted(file))
}
