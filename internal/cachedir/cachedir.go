// Package cachedir finds the directory that all clones and runs of a user share: downloads, libtorch, decoded
// datasets, compiled kernels. Everything in it can be made again.
package cachedir

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Variable names the environment variable that sets the directory.
const Variable = "BACKFIRE_CACHE"

// ErrNone is returned where the environment names no place for the directory.
var ErrNone = errors.New("no cache directory: set HOME, XDG_CACHE_HOME or " + Variable)

// Dir returns the absolute path of the directory, which need not exist: that of BACKFIRE_CACHE, or else backfire/ in
// the user's cache directory ($XDG_CACHE_HOME or ~/.cache). It returns ErrNone without any of these.
func Dir(getenv func(string) string) (string, error) {
	dir := getenv(Variable)
	if dir == "" {
		base := getenv("XDG_CACHE_HOME")
		if base == "" && getenv("HOME") != "" {
			base = filepath.Join(getenv("HOME"), ".cache")
		}
		if base == "" {
			return "", ErrNone
		}
		dir = filepath.Join(base, "backfire")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("cachedir: find the cache directory: %w", err)
	}
	return dir, nil
}
