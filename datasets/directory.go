package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
)

// maxDepth is the largest depth of directories in which class folders are looked for.
// It also ends the walk if links make a circle.
const maxDepth = 4

// loadFolder reads a directory of class folders. It follows links, which are the
// user's own here, unlike those of an archive.
func (l *loader) loadFolder(ctx context.Context, dir string) (*Set, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", dir, err)
	}
	// Other pixels can be read only if something in the key changes.
	key := sha256.New()
	key.Write(fmt.Appendf(nil, "%q\n", absolute))
	var entries []entry
	err = listFolder(dir, "", maxDepth, func(e entry, stat os.FileInfo) error {
		entries = append(entries, e)
		key.Write(fmt.Appendf(nil, "%q %t %d %d\n", e.path, e.dir, e.size, stat.ModTime().UnixNano()))
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return l.cached("folder "+hex.EncodeToString(key.Sum(nil)), func() (*Set, error) {
		set, err := l.readFolder(ctx, dir, entries)
		if errors.Is(err, ErrCorrupt) {
			return nil, fmt.Errorf("%s: %w; %s", dir, err, l.repair())
		}
		return set, err
	})
}

// listFolder calls visit for the directories and images below root/rel, sorted by
// name within each directory.
func listFolder(root, rel string, depth int, visit func(entry, os.FileInfo) error) error {
	found, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(rel)))
	if err != nil {
		return fmt.Errorf("list the images: %w", err)
	}
	for _, d := range found {
		p := path.Join(rel, d.Name())
		if isHidden(p) || !d.IsDir() && d.Type()&os.ModeSymlink == 0 && !isImage(p) {
			continue
		}
		stat, err := os.Stat(filepath.Join(root, filepath.FromSlash(p)))
		if err != nil {
			return fmt.Errorf("list the images: %w", err)
		}
		if !stat.IsDir() && !isImage(p) {
			continue
		}
		if !stat.IsDir() && !stat.Mode().IsRegular() {
			return fmt.Errorf("%w: %s is not a regular file", ErrCorrupt, filepath.Join(root, filepath.FromSlash(p)))
		}
		e := entry{path: p, dir: stat.IsDir()}
		if !e.dir {
			e.size = stat.Size()
		}
		if err := visit(e, stat); err != nil {
			return err
		}
		if e.dir && depth > 1 {
			if err := listFolder(root, p, depth-1, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// readFolder decodes the listed images.
func (l *loader) readFolder(ctx context.Context, dir string, entries []entry) (*Set, error) {
	images := newFolder(l.split, l.auto)
	var err error
	for i := 0; i < len(entries) && err == nil; i++ {
		switch e := entries[i]; {
		case ctx.Err() != nil:
			err = ctx.Err()
		case e.dir:
			err = images.addDir(e.path)
		default:
			err = readImageFile(images, filepath.Join(dir, filepath.FromSlash(e.path)), e)
		}
	}
	if err := images.stopped(err); err != nil {
		return nil, err
	}
	return images.set(l.src.Name, dir)
}

// readImageFile reads one image of a directory into the folder.
func readImageFile(images *folder, file string, e entry) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open an image: %w", err)
	}
	defer f.Close()
	return images.read(e, images.growth.counted(f))
}
