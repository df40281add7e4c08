package datasets

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"

	"backfire/internal/disk"
	"backfire/internal/download"
)

// Fetch downloads the named dataset into its directory below dir (empty: see
// [DataDir]) from the first mirror that delivers, over TLS only. Files that are
// there and intact are kept; interrupted downloads lie beside them as NAME.part
// and are resumed. A file gets its name only after its checksum was compared
// with the published one.
//
// progress, if not nil, is called with the number of bytes that are there and
// the size of the whole dataset in bytes. Errors wrap [ErrUnknownDataset],
// [ErrUnreachable] or [ErrBusy] where they apply.
func Fetch(ctx context.Context, name, dir string, progress func(done, total int64)) error {
	info, err := Describe(name)
	if err == nil {
		err = fetch(ctx, download.New(), info, dir, progress)
	}
	if err != nil {
		return fmt.Errorf("datasets: fetch %s: %w", name, err)
	}
	return nil
}

// fetch downloads the files of a dataset that are not there yet, with the given client.
func fetch(ctx context.Context, client *download.Client, info Info, dir string, progress func(done, total int64)) error {
	if len(info.Files) == 0 {
		return fmt.Errorf("there is nothing to fetch: it is %s", info.Title)
	}
	dir, err := DataDir(dir)
	if err != nil {
		return err
	}
	if progress == nil {
		progress = func(int64, int64) {}
	}
	dir = filepath.Join(dir, info.Name)
	if complete(ctx, info, dir) { // perhaps in a directory that this user may not write to
		progress(info.Bytes(), info.Bytes())
		return nil
	}
	if err := disk.In(dir).MkdirAll("."); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, ".fetch.lock"))
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	if !held {
		return fmt.Errorf("%w: wait until that process ends, or end it", ErrBusy)
	}
	var before int64
	for _, file := range info.Files {
		client.Progress = func(done, _ int64) { progress(before+done, info.Bytes()) }
		if err = fetchFile(ctx, client, file, dir); err != nil {
			break
		}
		before += file.Size
	}
	return errors.Join(err, lock.Unlock())
}

// complete reports whether all files of a dataset lie in dir, intact.
func complete(ctx context.Context, info Info, dir string) bool {
	for _, file := range info.Files {
		if _, err := file.check(ctx, dir); err != nil {
			return false
		}
	}
	return true
}

// fetchFile makes sure that one file lies in dir, intact, in its published form or
// decompressed.
func fetchFile(ctx context.Context, client *download.Client, file File, dir string) error {
	if _, err := file.check(ctx, dir); err == nil {
		client.Progress(file.Size, file.Size)
		return nil
	}
	return client.Fetch(ctx, download.File{
		Path:    filepath.Join(dir, file.Name),
		Size:    file.Size,
		Check:   file.checkContent,
		Mirrors: file.Mirrors,
	})
}
