package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"backfire/datasets/internal/confined"
)

// loadFile reads one data file that was named, with those in its directory that belong to
// the same form: the labels of images, or the names of the classes.
func (l *loader) loadFile(ctx context.Context, loc location) (*Set, error) {
	where, base := filepath.Split(loc.path)
	if where == "" {
		where = "."
	}
	dir, err := confined.Open(where)
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	defer dir.Close()
	named, _ := formOf(base)
	entries, err := dir.List(".")
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	listed, key := time.Now(), sha256.New()
	ls := newListing()
	ls.named = base
	fmt.Fprintf(key, "%q %q\n", dir.Path("."), base)
	for _, e := range entries {
		other, _ := formOf(e.Name())
		if other.name != named.name || hiddenPart(e.Name()) != "" || e.IsDir() || e.Name() != base && !named.pairs {
			continue
		}
		info, err := dir.Stat(e.Name())
		if err != nil {
			return nil, unreadable(e.Name(), err)
		}
		stamp := confined.Stamp(info)
		fmt.Fprintf(key, "%q %s\n", e.Name(), stamp)
		f := dataFile{path: e.Name(), content: e.Name(), size: info.Size(), stamp: stamp, changed: confined.Changed(info)}
		if err := ls.addFile(f); err != nil {
			return nil, l.mend(loc.path, err)
		}
	}
	ls.sort()
	content := &contentCheck{dir: dir, files: ls.dataOf(), listed: listed}
	return l.cached("file "+hex.EncodeToString(key.Sum(nil)), content, func() (*Set, error) {
		set, err := l.readForm(ls, &folderReader{ctx, dir, ls, &growth{}}, loc.path)
		return set, l.mend(loc.path, err)
	})
}
