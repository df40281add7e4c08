package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// format is a form that a dataset can have on disk.
type format int

const (
	formatIDX     format = iota // a directory of IDX files
	formatCIFAR                 // a directory of CIFAR-10's binary batches
	formatArchive               // a tar file, perhaps gzipped, of batches or images
	formatFolder                // a directory of class directories
)

// location is the path and the format of a dataset.
type location struct {
	path   string
	format format
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
		return location{root, formatArchive}, nil
	}
	if !stat.IsDir() {
		return location{}, fmt.Errorf("%w: %s is neither a directory nor a regular file", ErrCorrupt, root)
	}
	loc, err := detect(root)
	if errors.Is(err, ErrMissing) {
		return location{}, fmt.Errorf("%w; %s", err, l.wayOut())
	}
	return loc, err
}

// detect returns the location and format of the data in a directory. If there are
// several, the original files take precedence over copies in another form.
func detect(dir string) (location, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return location{}, fmt.Errorf("look for the data: %w", err)
	}
	var archives []string
	has := make(map[string]bool, len(entries))
	subdirs := false
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		has[name] = true
		stat, err := os.Stat(filepath.Join(dir, name)) // follows links, unlike e.IsDir
		if err != nil {
			return location{}, fmt.Errorf("look for the data: %w", err)
		}
		if stat.IsDir() {
			subdirs = true
		} else if isArchive(name) {
			archives = append(archives, filepath.Join(dir, name))
		}
	}
	for _, name := range []string{trainImages, trainLabels, testImages, testLabels} {
		if has[name] || has[name+".gz"] {
			return location{dir, formatIDX}, nil
		}
	}
	for _, name := range slices.Concat(cifarTrain, cifarTest) {
		if has[name] {
			return location{dir, formatCIFAR}, nil
		}
	}
	switch {
	case has[cifarFolder]:
		return location{filepath.Join(dir, cifarFolder), formatCIFAR}, nil
	case has[cifarArchive]:
		return location{filepath.Join(dir, cifarArchive), formatArchive}, nil
	case subdirs:
		return location{dir, formatFolder}, nil
	case len(archives) == 1:
		return location{archives[0], formatArchive}, nil
	case len(archives) > 1:
		return location{}, fmt.Errorf("%w: %s holds %d archives: set data.path to one of them", ErrMissing, dir, len(archives))
	}
	return location{}, fmt.Errorf("%w: %s holds no IDX files, CIFAR-10 batches, class folders or archive", ErrMissing, dir)
}

// isArchive reports whether the name of a file is that of an archive that Load reads.
func isArchive(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".tar") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz")
}
