package datasets

import (
	"fmt"
	"os"
	"path/filepath"

	"backfire/internal/cachedir"
)

// DataDir returns the directory that has one directory for each dataset: dir if it is
// not empty, otherwise data/ in the program's cache directory.
func DataDir(dir string) (string, error) {
	return underCache(dir, "data")
}

// DecodedDir returns the directory of the cache of decoded images: dir if it is not
// empty, otherwise decoded/ in the program's cache directory. Its files can be deleted
// at any time.
func DecodedDir(dir string) (string, error) {
	return underCache(dir, "decoded")
}

// underCache returns dir if it is not empty, otherwise sub in the program's cache directory.
func underCache(dir, sub string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	base, err := cachedir.Dir(os.Getenv)
	if err != nil {
		return "", fmt.Errorf("datasets: find %s, as data.dir is not set: %w", sub, err)
	}
	return filepath.Join(base, sub), nil
}
