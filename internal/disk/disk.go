// Package disk holds what the rooms share when they write files that must survive a crash: permissions,
// syncing, checksums and sizes. It knows nothing of what the files contain.
//
// Its errors name the file; the caller names the action.
package disk

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// The permissions of what a store holds: writable by the owner, readable by all, before the umask.
const (
	DirMode  = 0o755
	FileMode = 0o644
)

// Sync flushes files or directories to the disk. Some network and user-space file systems cannot sync a
// directory and answer EINVAL; there the rename that preceded has to do, and Sync reports no error.
func Sync(paths ...string) error {
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		syncErr := file.Sync()
		if errors.Is(syncErr, syscall.EINVAL) {
			if info, err := file.Stat(); err == nil && info.IsDir() {
				syncErr = nil
			}
		}
		if err := errors.Join(syncErr, file.Close()); err != nil {
			return fmt.Errorf("sync %s: %w", path, err)
		}
	}
	return nil
}

// IsFull reports whether an error means that nothing more can be written: the disk is full, or the quota is
// used up.
func IsFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// Size returns the number of bytes of a file, or of all files in a directory and its directories.
func Size(path string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("disk: size of %s: %w", path, err)
	}
	return sum, nil
}

// Files lists the files of a directory and of the directories in it: paths relative to dir, with slashes,
// sorted.
func Files(dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// SHA256 returns the SHA-256 of a file's content in 64 hexadecimal digits.
func SHA256(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
