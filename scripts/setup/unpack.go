package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// errUnsafe reports an archive with an entry that is outside of its directory, or a link or special file.
var errUnsafe = errors.New("unsafe archive")

// unpack extracts entries of the zip archive at file into dir. choose maps the name of an entry to its place below dir, or to "" if it is
// not extracted. An archive with an unsafe entry, chosen or not, is refused before anything is written.
func unpack(file, dir string, choose func(name string) string) (err error) {
	r, err := zip.OpenReader(file)
	if err != nil {
		return fmt.Errorf("opening %s: %w", filepath.Base(file), err)
	}
	defer r.Close()
	for _, entry := range r.File {
		if mode := entry.Mode(); !filepath.IsLocal(entry.Name) || !mode.IsRegular() && !mode.IsDir() {
			return fmt.Errorf("unpacking %s: %w: entry %q", filepath.Base(file), errUnsafe, entry.Name)
		}
	}
	// os.Root keeps every write inside dir, even if dir has links.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for _, entry := range r.File {
		if entry.Mode().IsDir() {
			continue
		}
		place := choose(entry.Name)
		if place == "" {
			continue
		}
		if err := extract(entry, root, place); err != nil {
			return fmt.Errorf("unpacking %s from %s: %w", entry.Name, filepath.Base(file), err)
		}
	}
	return nil
}

// extract writes one entry to place below root. The reader checks its CRC-32.
func extract(entry *zip.File, root *os.Root, place string) error {
	in, err := entry.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	if err := root.MkdirAll(path.Dir(place), 0o755); err != nil {
		return err
	}
	out, err := root.OpenFile(place, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
