package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"backfire/datasets/census"
	"backfire/datasets/internal/confined"
)

// format is a form that a dataset can have on disk.
type format int

const (
	formatIDX     format = iota // a directory of IDX files
	formatCIFAR                 // a directory of CIFAR-10's binary batches
	formatArchive               // an archive of batches, images or data files
	formatFile                  // one data file, or one of those that belong together
	formatFolder                // a directory of class directories
)

// location is the path and the format of a dataset.
type location struct {
	path   string
	format format
	root   string // the directory that was named, in which path lies or which it is; empty: path is a file that was named
}

// locate returns the location of the source's data.
func (l *loader) locate() (location, error) {
	root, err := l.root()
	if err != nil {
		return location{}, err
	}
	stat, err := os.Stat(root)
	if errors.Is(err, fs.ErrNotExist) {
		return location{}, fmt.Errorf("%w: there is no %s; %s", ErrMissing, root, l.wayOut())
	}
	if err != nil {
		return location{}, fmt.Errorf("look for the data: %w", err)
	}
	if stat.Mode().IsRegular() {
		if _, ok := formOf(filepath.Base(root)); ok {
			return location{path: root, format: formatFile}, nil
		}
		return location{path: root, format: formatArchive}, nil
	}
	if !stat.IsDir() {
		return location{}, fmt.Errorf("%w: %s is neither a directory nor a regular file", ErrCorrupt, root)
	}
	loc, err := detect(root)
	loc.root = root
	if errors.Is(err, ErrMissing) {
		return location{}, fmt.Errorf("%w; %s", err, l.wayOut())
	}
	return loc, err
}

// detect returns the location and format of the data in a directory. If there are
// several, the original files take precedence over copies in another form.
func detect(dir string) (location, error) {
	root, err := confined.Open(dir)
	if err != nil {
		return location{}, fmt.Errorf("look for the data: %w", err)
	}
	defer root.Close()
	entries, err := root.List(".")
	if err != nil {
		return location{}, fmt.Errorf("look for the data: %w", err)
	}
	var archives []string
	has, files := make(map[string]bool, len(entries)), make(map[string]bool, len(entries))
	subdirs, images := false, false // images or data files
	for _, e := range entries {
		name := e.Name()
		if hiddenPart(name) != "" {
			continue
		}
		has[name], files[name] = true, !e.IsDir()
		_, data := formOf(name)
		images = images || data || isImage(name)
		if e.Type()&fs.ModeSymlink != 0 {
			// A link that leads out may have been meant as a class folder; the reader of folders refuses it.
			stat, err := root.Stat(name)
			subdirs = subdirs || err == nil && stat.IsDir() || errors.Is(err, confined.ErrOutside)
		}
		if e.IsDir() {
			subdirs = true
		} else if isArchive(name) {
			archives = append(archives, filepath.Join(dir, name))
		}
	}
	for _, name := range []string{trainImages, trainLabels, testImages, testLabels} {
		if files[name] || files[name+".gz"] {
			return location{path: dir, format: formatIDX}, nil
		}
	}
	for _, name := range slices.Concat(cifarTrain, cifarTest) {
		if files[name] {
			return location{path: dir, format: formatCIFAR}, nil
		}
	}
	switch {
	case has[cifarFolder]:
		return location{path: filepath.Join(dir, cifarFolder), format: formatCIFAR}, nil
	case has[cifarArchive]:
		return location{path: filepath.Join(dir, cifarArchive), format: formatArchive}, nil
	case subdirs || images && len(archives) == 0:
		return location{path: dir, format: formatFolder}, nil
	case len(archives) == 1:
		return location{path: archives[0], format: formatArchive}, nil
	case len(archives) > 1:
		return location{}, fmt.Errorf("%w: %s holds %d archives: set data.path to one of them", ErrMissing, dir, len(archives))
	}
	return location{}, fmt.Errorf("%w: %s holds no IDX files, CIFAR-10 batches, class folders or archive%s", ErrMissing, dir, likeNames(has))
}

// likeNames returns the names of files that are data under other names, as a clause for
// an error.
func likeNames(has map[string]bool) string {
	for _, name := range slices.Sorted(maps.Keys(has)) {
		lower := strings.ToLower(name)
		if slices.ContainsFunc(archiveEndings, func(ending string) bool { return strings.HasSuffix(lower, ending) }) {
			return fmt.Sprintf(", only zip and tar of them: unpack %s, and name its directory", shown(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if isUnreadForm(name) {
			return unreadClause(name)
		}
	}
	return ""
}

// surroundings counts what is left out in a directory whose data are not an image folder.
// judge returns the reason for a name, empty if its file is read.
func surroundings(out *census.Tally, dir string, judge func(name string) census.Reason) error {
	root, err := confined.Open(dir)
	if err != nil {
		return fmt.Errorf("look for the data: %w", err)
	}
	defer root.Close()
	entries, err := root.List(".")
	if err != nil {
		return fmt.Errorf("look for the data: %w", err)
	}
	for _, e := range entries {
		if hiddenPart(e.Name()) != "" {
			out.Add(census.Hidden, "", e.Name())
		} else if reason := judge(e.Name()); reason != "" {
			out.Add(reason, "", e.Name())
		}
	}
	return nil
}

// isArchive reports whether the name of a file is that of an archive that Load reads.
func isArchive(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{
		".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".tar.bz2", ".tbz2", ".zip",
	}, func(ending string) bool { return strings.HasSuffix(name, ending) })
}
