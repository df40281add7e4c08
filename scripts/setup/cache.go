package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// partMark is part of the name of everything in the cache that is not complete yet.
const partMark = ".part-"

// lockCache makes the cache directory and takes its lock, so that concurrent set-ups do not interfere. If another set-up holds the lock,
// it reports that through say and waits.
func lockCache(ctx context.Context, dir string, say func(string, ...any)) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the cache directory: %w (set BACKFIRE_CACHE to use another one)", err)
	}
	lock := flock.New(filepath.Join(dir, ".lock"))
	ok, err := lock.TryLock()
	if err == nil && !ok {
		say("another set-up is at work in %s; waiting for it to end", dir)
		_, err = lock.TryLockContext(ctx, 500*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return lock.Unlock, nil
}

// removeParts removes the incomplete files and directories in dir that killed set-ups left. The caller must hold the lock.
func removeParts(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("reading %s: %w", dir, err)
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), partMark) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return fmt.Errorf("removing an incomplete part of an earlier set-up: %w", err)
			}
		}
	}
	return nil
}

// makeDir makes the directory final: it fills a temporary one beside it, and renames that if fill returns no error. A directory that
// exists is complete and is left unchanged.
func makeDir(final string, fill func(tmp string) error) (err error) {
	if isDir(final) {
		return nil
	}
	tmp, err := os.MkdirTemp(filepath.Dir(final), filepath.Base(final)+partMark)
	if err != nil {
		return fmt.Errorf("making %s: %w", final, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	if err := os.Chmod(tmp, 0o755); err != nil { // with MkdirTemp's 0700 other users of a shared cache could not read it
		return fmt.Errorf("making %s: %w", final, err)
	}
	if err := fill(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, final); err != nil {
		return fmt.Errorf("making %s: %w", final, err)
	}
	return nil
}

// isDir reports whether path is a directory.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// writeIfChanged writes the file at path, by way of a temporary file, unless it has the same content. A file that keeps its modification
// time does not invalidate Go's build cache.
func writeIfChanged(path, content string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == content {
		return nil
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+partMark)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = tmp.WriteString(content)
	err = errors.Join(err, tmp.Chmod(0o644), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}
