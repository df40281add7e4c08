package datasets

import (
	"archive/tar"
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"backfire/datasets/internal/sniff"
)

// maxZipEntries is the largest accepted number of entries of a zip archive.
const maxZipEntries = 2 * MaxImages

// walkZip calls visit for every entry of a zip archive in the order of its directory. g
// counts the compressed bytes, each byte of the file once at most, so that entries which
// share their content cannot hide how much they grow.
func walkZip(r io.ReaderAt, size int64, g *growth, visit func(e entry, body io.Reader) error) error {
	archive, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return fmt.Errorf("%w: read the zip archive: %w", ErrCorrupt, err)
	}
	if len(archive.File) == 0 {
		return fmt.Errorf("%w: an empty archive", ErrCorrupt)
	}
	if len(archive.File) > maxZipEntries {
		return fmt.Errorf("%w: %d entries in the zip archive; at most %d are accepted", ErrCorrupt, len(archive.File), maxZipEntries)
	}
	whole := &cappedReader{left: MaxArchiveBytes}
	unread := size
	for _, file := range archive.File {
		e, err := zipEntry(file)
		if err != nil {
			return err
		}
		if e.kind == tar.TypeDir {
			if err := visit(e, strings.NewReader("")); err != nil {
				return err
			}
			continue
		}
		taken := int64(min(file.CompressedSize64, uint64(unread)))
		unread -= taken
		if err := visitZip(file, e, g, taken, whole, visit); err != nil {
			return err
		}
	}
	return nil
}

// zipEntry returns the entry of a file in a zip archive.
func zipEntry(file *zip.File) (entry, error) {
	header := tar.Header{Name: file.Name, Size: int64(min(file.UncompressedSize64, MaxArchiveBytes+1)), Typeflag: tar.TypeReg}
	switch mode := file.Mode(); {
	case mode.IsDir():
		header.Typeflag = tar.TypeDir
	case mode.Type() != 0:
		header.Typeflag = tar.TypeSymlink // or another special file, which is refused alike
	case file.Flags&1 != 0:
		return entry{}, advisedf("%w: %s in the zip archive is encrypted; unpack it, and name the directory", ErrCorrupt, shown(file.Name))
	}
	return entryOf(&header)
}

// visitZip calls visit with the content of one file, which is decompressed as far as
// visit reads it.
func visitZip(file *zip.File, e entry, g *growth, taken int64, whole *cappedReader, visit func(e entry, body io.Reader) error) error {
	var content io.ReadCloser
	body := readerFunc(func(p []byte) (int, error) {
		if content == nil {
			var err error
			if content, err = file.Open(); err != nil {
				return 0, fmt.Errorf("%w: %w; unpack the archive, and name the directory", ErrCorrupt, err)
			}
			g.read.Add(taken)
		}
		n, err := content.Read(p)
		if whole.left -= int64(n); whole.left < 0 {
			return n, fmt.Errorf("%w: more than %d bytes after decompression", ErrCorrupt, int64(MaxArchiveBytes))
		}
		return n, err
	})
	err := visit(e, body)
	if content != nil {
		err = errors.Join(err, content.Close())
	}
	return err
}

// isZip reports whether a file begins like a zip archive.
func isZip(head []byte) bool {
	name, _ := sniff.Kind(head)
	return strings.HasSuffix(name, "zip archive")
}
