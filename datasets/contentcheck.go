package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"backfire/datasets/internal/confined"
)

// The files that a check of the content reads of a folder whose stamps are unchanged.
const (
	// checkedFiles is the number of files that are always read. They are spread evenly
	// over the folder.
	checkedFiles = 256
	// checkedBytes is the number of bytes that are read of each: half of them from its
	// beginning, half from its end.
	checkedBytes = 64 << 10
	// youngFor is the time after a change in which another one could leave the stamp of
	// a file as it is, by the resolution of the file system's clock and by the difference
	// of a server's clock.
	youngFor = 2 * time.Second
)

// contentCheck compares the content of a folder's files with that which was decoded. A
// stamp misses a change that a file system does not report, or one within the resolution
// of its clock. Files that were changed shortly before they were listed are therefore
// read as a whole, and of all others a sample.
type contentCheck struct {
	dir    *confined.Dir
	files  []dataFile // sorted by path
	listed time.Time  // before the files were listed
}

// since returns the time of change from which on a file of this listing counts as young.
func (c *contentCheck) since() time.Time { return c.listed.Add(-youngFor) }

// young reports whether a file was changed at the given time or later.
func (c *contentCheck) young(since time.Time) bool {
	return slices.ContainsFunc(c.files, func(f dataFile) bool { return !f.changed.Before(since) })
}

// digest returns the SHA-256 in hex over the sample and all files that are young since
// the given time, and reports whether there are such files.
func (c *contentCheck) digest(since time.Time) (sum string, young bool, err error) {
	hash := sha256.New()
	n := len(c.files)
	for i, f := range c.files {
		isYoung := !f.changed.Before(since)
		young = young || isYoung
		// Every k-th file, as many as there are steps of the sample between 0 and n.
		if !isYoung && n > checkedFiles && i*checkedFiles/n == (i-1)*checkedFiles/n && i > 0 {
			continue
		}
		fmt.Fprintf(hash, "%q %t\n", f.path, isYoung)
		if err := c.add(hash, f, isYoung); err != nil {
			return "", false, err
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), young, nil
}

// add writes the content of a file, or a part of it, to a hash.
func (c *contentCheck) add(hash io.Writer, f dataFile, whole bool) error {
	file, err := c.dir.Open(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	if whole || f.size <= checkedBytes {
		_, err = io.Copy(hash, file)
		return err
	}
	for _, at := range []int64{0, f.size - checkedBytes/2} {
		if _, err := io.Copy(hash, io.NewSectionReader(file, at, checkedBytes/2)); err != nil {
			return err
		}
	}
	return nil
}
