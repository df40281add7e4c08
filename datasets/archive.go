package datasets

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// entry is one regular file or directory of an archive.
type entry struct {
	path string // clean and relative
	dir  bool
	size int64
}

// walkTar calls visit for every regular file and directory of a tar stream, gzipped
// or not. It refuses entries that point out of the archive: absolute paths, "..",
// links and special files. An archive is complete if it has the mark of its end and,
// if it is gzipped, a matching checksum and length after that. An incomplete archive
// is an error, which may be found only after all entries were visited.
func walkTar(r io.Reader, visit func(e entry, body io.Reader) error) error {
	content, err := gunzip(r)
	if err != nil {
		return err
	}
	stream := &endReader{r: &cappedReader{r: content, left: MaxArchiveBytes}}
	archive := tar.NewReader(stream)
	for n := 0; ; n++ {
		head, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return fmt.Errorf("%w: an empty archive", ErrCorrupt)
		case errors.Is(err, io.EOF):
			return stream.rest()
		case errors.Is(err, tar.ErrHeader) && n == 0:
			return fmt.Errorf("%w: not a tar archive", ErrCorrupt)
		case err != nil:
			return fmt.Errorf("%w: read the archive: %w", ErrCorrupt, err)
		}
		if head.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if head.Typeflag != tar.TypeReg && head.Typeflag != tar.TypeDir {
			return fmt.Errorf("%w: %q in the archive is a link or special file; only files and directories are accepted", ErrCorrupt, head.Name)
		}
		if len(head.Name) > MaxPath {
			return fmt.Errorf("%w: a path of %d bytes in the archive; at most %d are accepted", ErrCorrupt, len(head.Name), MaxPath)
		}
		name := path.Clean(head.Name)
		if !filepath.IsLocal(name) || path.IsAbs(head.Name) {
			return fmt.Errorf("%w: the path %q points out of the archive", ErrCorrupt, head.Name)
		}
		if err := visit(entry{path: name, dir: head.Typeflag == tar.TypeDir, size: head.Size}, archive); err != nil {
			return err
		}
	}
}

// endReader records whether a stream was read to its end.
type endReader struct {
	r    io.Reader
	over bool // a read found the end of the stream
}

// Read reads from the stream. It returns io.EOF only without bytes.
func (e *endReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil // the next call returns it
	}
	e.over = e.over || errors.Is(err, io.EOF)
	return n, err
}

// rest reads the part of an archive after its last entry. It returns an error if the
// mark of the end is missing or gzip's checksum does not match. Package tar accepts a
// stream that ends without the mark, two empty blocks, and leaves the checksum unread.
func (e *endReader) rest() error {
	if e.over {
		return fmt.Errorf("%w: the archive is cut off: the mark of its end is missing", ErrCorrupt)
	}
	if _, err := io.Copy(io.Discard, e); err != nil {
		return fmt.Errorf("%w: read the archive: %w", ErrCorrupt, err)
	}
	return nil
}

// errEnough ends a walk early because the decoder found a bad image.
var errEnough = errors.New("enough")

// loadArchive reads a tar file that contains CIFAR-10's batches or an image folder.
func (l *loader) loadArchive(ctx context.Context, file string) (*Set, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	defer f.Close()
	if isIDXName(filepath.Base(file)) {
		return nil, fmt.Errorf("%w: %s is one IDX file: set data.path to the directory with its images and labels", ErrCorrupt, file)
	}
	content, sum := hashReader(contextReader{ctx, f})
	if _, err := io.Copy(io.Discard, content); err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	return l.cached("archive "+sum(), func() (*Set, error) {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read the archive: %w", err)
		}
		set, err := l.readArchive(ctx, bufio.NewReaderSize(f, 1<<18), file)
		if errors.Is(err, ErrCorrupt) {
			return nil, fmt.Errorf("%s: %w; %s", file, err, l.repair())
		}
		return set, err
	})
}

// readArchive reads a tar stream in one pass.
func (l *loader) readArchive(ctx context.Context, r io.Reader, where string) (*Set, error) {
	images := newFolder(l.split, l.auto)
	batches := map[string]batch{}
	err := walkTar(images.growth.counted(r), func(e entry, body io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch base := path.Base(e.path); {
		case e.dir:
			return images.addDir(e.path)
		case isCIFARBatch(base):
			if _, ok := batches[base]; ok {
				return fmt.Errorf("%w: %s is there twice", ErrCorrupt, base)
			}
			b, err := readCIFAR(body)
			if err != nil {
				return fmt.Errorf("%s: %w", e.path, err)
			}
			batches[base] = b
		case isImage(e.path):
			return images.read(e, body)
		}
		return images.addDir(path.Dir(e.path)) // archives need not list directories
	})
	if err := images.stopped(err); err != nil {
		return nil, err
	}
	switch {
	case len(batches) > 0 && len(images.seen) > 0:
		return nil, fmt.Errorf("%w: both CIFAR-10 batches and image files; keep one of them", ErrCorrupt)
	case len(batches) > 0:
		return l.newCIFARSet(where, batches)
	}
	return images.set(l.src.Name, where)
}

// read adds an image of an archive or directory to the folder.
func (f *folder) read(e entry, body io.Reader) error {
	pic, err := f.addImage(e.path)
	if err != nil || pic == nil {
		return err
	}
	if e.size > MaxImageFile {
		return fmt.Errorf("%w: %s has %d bytes; at most %d are accepted", ErrCorrupt, e.path, e.size, MaxImageFile)
	}
	data, err := readN(body, e.size, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", e.path, err)
	}
	if !f.decoder.add(pic, data) {
		return errEnough
	}
	return nil
}
