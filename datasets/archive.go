package datasets

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"backfire/datasets/census"
	"backfire/datasets/internal/confined"
	"backfire/datasets/internal/sniff"
)

// entry is one entry of an archive.
type entry struct {
	path   string // clean and relative
	kind   byte   // as in package tar
	size   int64
	target string // of a link
}

// walkTar calls visit for every entry of a tar stream, compressed or not, and returns the
// number of bytes behind its end, without zeros. It refuses paths that point out of the
// archive. An archive is complete if it has the mark of its end and, if it is compressed, a
// matching checksum and length after that. An incomplete archive is an error, which may
// be found only after all entries were visited.
func walkTar(r io.Reader, visit func(e entry, body io.Reader) error) (trailing int64, err error) {
	content, err := decompress(r)
	if err != nil {
		return 0, err
	}
	buffered := bufio.NewReaderSize(content, sniff.Head)
	head, _ := buffered.Peek(sniff.Head) // an error comes again with the next read
	stream := &endReader{r: &cappedReader{r: buffered, left: MaxArchiveBytes}}
	archive := tar.NewReader(stream)
	for n := 0; ; n++ {
		header, err := archive.Next()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return 0, fmt.Errorf("%w: an empty archive", ErrCorrupt)
		case errors.Is(err, io.EOF):
			return stream.rest()
		case n == 0 && (errors.Is(err, tar.ErrHeader) || err != nil && isOtherKind(head)):
			return 0, unknownKind("not a tar archive", head)
		case err != nil:
			return 0, fmt.Errorf("%w: read the archive: %w", ErrCorrupt, err)
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		e, err := entryOf(header)
		if err != nil {
			return 0, err
		}
		if err := visit(e, archive); err != nil {
			return 0, err
		}
	}
}

// isOtherKind reports whether a file that begins with head is known to be no tar archive.
func isOtherKind(head []byte) bool {
	name, _ := sniff.Kind(head)
	return name != "" && name != sniff.Tar
}

// entryOf returns the entry of a header, or an error if its path points out of the
// archive or is too long.
func entryOf(header *tar.Header) (entry, error) {
	if len(header.Name) > MaxPath || len(header.Linkname) > MaxPath {
		return entry{}, fmt.Errorf("%w: a path of %d bytes in the archive; at most %d are accepted",
			ErrCorrupt, max(len(header.Name), len(header.Linkname)), MaxPath)
	}
	name := path.Clean(header.Name)
	if !filepath.IsLocal(name) || path.IsAbs(header.Name) {
		return entry{}, advisedf("%w: the path %q points out of the archive; pack the folder from inside (tar -C FOLDER)", ErrCorrupt, header.Name)
	}
	return entry{path: name, kind: header.Typeflag, size: header.Size, target: header.Linkname}, nil
}

// loadArchive reads an archive of images or of data files.
func (l *loader) loadArchive(ctx context.Context, loc location) (*Set, error) {
	f, err := loc.open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open the archive: %w", err)
	}
	if before.Size() > MaxArchiveBytes {
		return nil, fmt.Errorf("%w: %s has %d bytes; at most %d are accepted", ErrCorrupt, loc.path, before.Size(), int64(MaxArchiveBytes))
	}
	content, sum := hashReader(contextReader{ctx, f})
	if _, err := io.Copy(io.Discard, io.LimitReader(content, MaxArchiveBytes+1)); err != nil {
		return nil, fmt.Errorf("read the archive: %w", err)
	}
	// What lies beside the archive is no part of the content by which the cache finds it.
	return l.cached("archive "+sum(), nil, func() (*Set, error) {
		set, err := l.readArchive(ctx, f, loc.path)
		if err != nil {
			return nil, l.mend(loc.path, err)
		}
		after, lost := f.Stat()
		if lost != nil || confined.Stamp(before) != confined.Stamp(after) {
			return nil, fmt.Errorf("%s was changed while it was read: retry when it is complete", loc.path)
		}
		return set, nil
	})
}

// readArchive reads an archive in two passes: one for the list of its files, on which
// depends which of them are images of the set, and one for these.
func (l *loader) readArchive(ctx context.Context, r archiveFile, where string) (*Set, error) {
	ls := newListing()
	links := archiveLinks{}
	var err error
	archive := &archiveReader{ctx: ctx, file: r}
	ls.trailing, err = archive.walk(func(e entry, _ io.Reader) error { return ls.addEntry(e, links) })
	if err == nil {
		err = links.addTo(ls)
	}
	if err != nil {
		return nil, err
	}
	archive.growth = growth{}
	return l.readListing(ls, archive, &archive.growth, where)
}

// archiveFile is the file of an archive: a tar archive is read in its order, and a zip
// archive by its directory.
type archiveFile interface {
	io.ReadSeeker
	io.ReaderAt
}

// archiveReader reads the files of an archive.
type archiveReader struct {
	ctx    context.Context
	file   archiveFile
	growth growth // from the archive to the pixels
}

// walk calls visit for each entry.
func (a *archiveReader) walk(visit func(e entry, body io.Reader) error) (trailing int64, err error) {
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("read the archive: %w", err)
	}
	checked := func(e entry, body io.Reader) error {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		return visit(e, body)
	}
	buffered := bufio.NewReaderSize(a.file, 1<<18)
	if head, _ := buffered.Peek(sniff.Head); isZip(head) {
		size, err := a.file.Seek(0, io.SeekEnd)
		if err != nil {
			return 0, fmt.Errorf("read the archive: %w", err)
		}
		return 0, walkZip(a.file, size, &a.growth, checked)
	}
	return walkTar(a.growth.counted(buffered), checked)
}

// read calls use for the wanted files in the order of the archive.
func (a *archiveReader) read(wanted func(string) bool, use func(string, int64, io.Reader) error) error {
	_, err := a.walk(func(e entry, body io.Reader) error {
		if e.kind != tar.TypeReg || !wanted(e.path) {
			return nil
		}
		return use(e.path, e.size, body)
	})
	return err
}

// addEntry records an entry of an archive, links for later.
func (ls *listing) addEntry(e entry, links archiveLinks) error {
	if hidden := hiddenPart(e.path); hidden != "" && e.path != "." {
		return ls.hide(hidden)
	}
	switch {
	case e.kind == tar.TypeDir:
		return ls.addDir(e.path, false)
	case e.kind == tar.TypeReg:
		return ls.addFile(dataFile{path: e.path, content: e.path, size: e.size})
	case e.kind == tar.TypeLink || e.kind == tar.TypeSymlink:
		return links.add(e)
	case needed(e.path):
		return fmt.Errorf("%w: %q in the archive is a link or special file; only files and directories are accepted", ErrCorrupt, e.path)
	}
	return ls.leaveOut(census.Special, e.path)
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

// rest reads the part of an archive after its last entry and returns the number of its
// bytes that are not zero. It returns an error if the mark of the end is missing, gzip's
// checksum does not match, or another archive follows. Package tar accepts a stream that
// ends without the mark, two empty blocks, and leaves the rest unread.
func (e *endReader) rest() (trailing int64, err error) {
	if e.over {
		return 0, fmt.Errorf("%w: the archive is cut off: the mark of its end is missing", ErrCorrupt)
	}
	const magic, block = "ustar", 512
	buffer := make([]byte, 0, 64*block)
	for {
		n, err := e.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if bytes.Contains(buffer, []byte(magic)) {
			return 0, advisedf("%w: another archive follows behind its end; unpack each into one folder, and name the folder", ErrCorrupt)
		}
		trailing += int64(n - bytes.Count(buffer[len(buffer)-n:], []byte{0}))
		switch {
		case errors.Is(err, io.EOF):
			return trailing, nil
		case err != nil:
			return 0, fmt.Errorf("%w: read the archive: %w", ErrCorrupt, err)
		}
		kept := copy(buffer, buffer[max(0, len(buffer)-len(magic)):]) // the magic may lie across two reads
		buffer = buffer[:kept]
	}
}

// open opens the file of a location: below the directory that was named, or the file
// that was named itself.
func (loc location) open() (*os.File, error) {
	if loc.root == "" {
		file, err := confined.OpenFile(loc.path)
		if err != nil {
			return nil, unreadable(loc.path, err)
		}
		return file, nil
	}
	return openIn(loc.root, filepath.Base(loc.path))
}

// openIn opens the regular file name in a directory. No link leads out of the directory.
func openIn(dir, name string) (*os.File, error) {
	root, err := confined.Open(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.Open(name)
	if errors.Is(err, confined.ErrOutside) || errors.Is(err, confined.ErrNotRegular) {
		err = unreadable(name, err)
	}
	return file, err
}
