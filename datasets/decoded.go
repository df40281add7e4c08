package datasets

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"backfire/datasets/internal/confined"
	"backfire/internal/disk"
)

// DefaultCacheLimit is the largest size in bytes of the cache of decoded sets if no
// other is set.
const DefaultCacheLimit = 10 << 30

// The names of the files in the cache of decoded sets.
const (
	cacheEnding     = ".set"
	temporaryPrefix = ".decoding-" // of files that are being written
)

// abandonedAfter is the time after which a file that is being written counts as left
// behind by a process that was killed.
const abandonedAfter = time.Hour

// DecodedSet describes a file in the cache of decoded sets.
type DecodedSet struct {
	Path     string    // of the file
	Bytes    int64     // its size
	Used     time.Time // when the set was written or read for the last time
	Name     string    // the dataset's name as in Source.Name
	Split    string    // train, test or all
	From     string    // Source.Path of the load that wrote it; empty: the dataset's own directory
	Images   int
	C, H, W  int      // channels, height and width in pixels
	Classes  []string // class names; the index is the label
	Checksum string   // as in Set
	Err      error    // why the header cannot be read, such as that it is of another version; nil: the fields above are set
}

// ListDecoded returns the files in the cache of decoded sets at dir (empty: see
// [DecodedDir]), the most recently used first. It reads their headers only. A cache that
// does not exist is empty.
func ListDecoded(dir string) ([]DecodedSet, error) {
	dir, err := DecodedDir(dir)
	if err != nil {
		return nil, fmt.Errorf("datasets: list the cache: %w", err)
	}
	files, err := cachedFiles(dir)
	if err != nil {
		return nil, fmt.Errorf("datasets: list the cache: %w", err)
	}
	var sets []DecodedSet
	for _, f := range files {
		if !isCacheName(f.Name()) {
			continue
		}
		set := DecodedSet{Path: filepath.Join(dir, f.Name()), Bytes: f.Size(), Used: f.ModTime()}
		set.read()
		sets = append(sets, set)
	}
	slices.Reverse(sets)
	return sets, nil
}

// read sets the fields that are in the header of the file.
func (s *DecodedSet) read() {
	file, err := openIn(filepath.Dir(s.Path), filepath.Base(s.Path))
	if err != nil {
		s.Err = err
		return
	}
	defer file.Close()
	head, err := readCacheHeader(file)
	if err != nil {
		s.Err = err
		return
	}
	s.Name, s.Split, s.From, s.Images, s.Checksum = head.Name, head.Split, head.From, head.N, head.Checksum
	s.C, s.H, s.W, s.Classes = head.C, head.H, head.W, head.Classes
}

// ClearDecoded deletes the files in the cache of decoded sets at dir (empty: see
// [DecodedDir]), also those that an interrupted process left behind, and returns their
// number and their size in bytes. It touches no file of another name, follows no link,
// and does not disturb a process that reads the cache.
func ClearDecoded(dir string) (files int, size int64, err error) {
	dir, err = DecodedDir(dir)
	if err != nil {
		return 0, 0, fmt.Errorf("datasets: clear the cache: %w", err)
	}
	found, err := cachedFiles(dir)
	if err != nil {
		return 0, 0, fmt.Errorf("datasets: clear the cache: %w", err)
	}
	for _, f := range found {
		if strings.HasPrefix(f.Name(), temporaryPrefix) && time.Since(f.ModTime()) < abandonedAfter {
			continue // it may be being written
		}
		if err := disk.In(dir).Remove(f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return files, size, fmt.Errorf("datasets: clear the cache: %w", err)
		}
		files++
		size += f.Size()
	}
	return files, size, nil
}

// isCacheName reports whether a name is one that the cache gives to its files: 32
// hexadecimal digits and an ending.
func isCacheName(name string) bool {
	digits, ok := strings.CutSuffix(name, cacheEnding)
	return ok && len(digits) == 32 && strings.Trim(digits, "0123456789abcdef") == ""
}

// cachedFiles returns the regular files of the cache, the least recently used first.
func cachedFiles(dir string) ([]fs.FileInfo, error) {
	root, err := confined.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := root.List(".")
	if err != nil {
		return nil, err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if !e.Type().IsRegular() || !isCacheName(e.Name()) && !strings.HasPrefix(e.Name(), temporaryPrefix) {
			continue
		}
		if info, err := e.Info(); err == nil { // otherwise another process has deleted it
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	return files, nil
}

// evict deletes the least recently used files of the cache until it is not larger than
// limit, but not the one to keep, and what killed processes left behind.
func evict(dir, keep string, limit int64) error {
	files, err := cachedFiles(dir)
	if err != nil {
		return err
	}
	var size int64
	for _, f := range files {
		size += f.Size()
	}
	for _, f := range files {
		abandoned := strings.HasPrefix(f.Name(), temporaryPrefix)
		if abandoned && time.Since(f.ModTime()) < abandonedAfter || !abandoned && (size <= limit || f.Name() == keep) {
			continue
		}
		if err := disk.In(dir).Remove(f.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		size -= f.Size()
	}
	return nil
}
