package datasets

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
)

// The limits of accepted data. They are far above any data on which this program can
// train, and keep a damaged or hostile file from exhausting the memory.
const (
	// MaxClasses is the largest accepted number of classes.
	MaxClasses = 1000
	// MaxSide is the largest accepted image width and height in pixels.
	MaxSide = 1024
	// MaxImages is the largest accepted number of images.
	MaxImages = 1 << 24
	// MaxSetBytes is the largest accepted size of all pixels together.
	MaxSetBytes = 4 << 30
	// MaxImageFile is the largest accepted PNG or JPEG file in bytes.
	MaxImageFile = 16 << 20
	// MaxArchiveBytes is the largest accepted archive after decompression.
	MaxArchiveBytes = 16 << 30
	// MaxPath is the length of the longest path accepted in an archive, in bytes.
	MaxPath = 4096
	// MaxDirs is the largest accepted number of directories in an image folder, on disk or in an archive.
	MaxDirs = 1 << 16
	// MaxGrowth is the largest accepted ratio of a file's decompressed to its
	// compressed size. It applies above uncheckedBytes. MNIST grows to five times
	// its size, and an image that shows anything to less than a hundred times.
	MaxGrowth      = 200
	uncheckedBytes = 64 << 20
	// firstBlock is the largest number of bytes that readN allocates before it has
	// read one.
	firstBlock = 4 << 20
)

// growth compares the number of bytes read from a file with the number that they
// become, to find decompression bombs early, including those that are compressed more
// than once.
type growth struct {
	read atomic.Int64
}

// counted returns a reader of r that counts the bytes read.
func (g *growth) counted(r io.Reader) io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		g.read.Add(int64(n))
		return n, err
	})
}

// check returns an error if the bytes read so far have become too many, made in number.
func (g *growth) check(made int64) error {
	if read := g.read.Load(); made > uncheckedBytes && made/MaxGrowth > read {
		return fmt.Errorf("%w: %d bytes became %d, more than %d times as many", errBomb, read, made, MaxGrowth)
	}
	return nil
}

// checked returns a reader of r, the decompressed file, that fails if it grows too much.
func (g *growth) checked(r io.Reader) io.Reader {
	var made int64
	return readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		made += int64(n)
		if bomb := g.check(made); bomb != nil {
			return 0, bomb
		}
		return n, err
	})
}

// readerFunc is a function that implements [io.Reader].
type readerFunc func(p []byte) (int, error)

// Read calls the function.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// errBomb reports that a small file becomes an absurdly large one.
var errBomb = errors.New("decompression bomb")

// errTruncated reports that a stream ended before its announced size.
var errTruncated = errors.New("truncated")

// checkDims returns an error if n images of c channels and h x w pixels exceed a limit.
func checkDims(n, c, h, w int) error {
	switch {
	case n < 1 || n > MaxImages:
		return fmt.Errorf("%w: %d images; 1 to %d are accepted", ErrCorrupt, n, MaxImages)
	case h < 1 || w < 1 || h > MaxSide || w > MaxSide:
		return fmt.Errorf("%w: images of %dx%d pixels; 1x1 to %dx%d are accepted", ErrCorrupt, w, h, MaxSide, MaxSide)
	case int64(n)*int64(c)*int64(h)*int64(w) > MaxSetBytes:
		return fmt.Errorf("%w: %d images of %dx%dx%d are more than %d bytes", ErrCorrupt, n, c, h, w, int64(MaxSetBytes))
	}
	return nil
}

// checkClassCount returns an error unless a set of n classes is accepted.
func checkClassCount(n int) error {
	if n < 1 || n > MaxClasses {
		return advisedf("%w: %d classes; 1 to %d are accepted, so keep the images of some of the classes", ErrCorrupt, n, MaxClasses)
	}
	return nil
}

// readN reads exactly n bytes. known is the number of bytes that are certain to be
// there, 0 if none are. Beyond that, the memory grows with the bytes that arrive, so
// that a header which announces too many costs little.
func readN(r io.Reader, n, known int64) ([]byte, error) {
	buf := make([]byte, 0, min(n, max(known, firstBlock)))
	for int64(len(buf)) < n {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, int(min(n-int64(len(buf)), int64(len(buf)))))
		}
		m, err := io.ReadFull(r, buf[len(buf):min(int64(cap(buf)), n)])
		buf = buf[:len(buf)+m]
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: %w: %d of %d bytes are there", ErrCorrupt, errTruncated, len(buf), n)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	return buf, nil
}

// expectEnd returns an error unless r is at its end. Reading to the end also makes a
// gzip reader compare its checksum.
func expectEnd(r io.Reader) error {
	switch n, err := io.CopyN(io.Discard, r, 1); {
	case n > 0:
		return fmt.Errorf("%w: more bytes than the header announces", ErrCorrupt)
	case errors.Is(err, io.EOF):
		return nil
	default:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
}

// cappedReader reads from r and fails after more than left bytes.
type cappedReader struct {
	r    io.Reader
	left int64
}

// Read reads from r within the limit.
func (c *cappedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, fmt.Errorf("%w: more than %d bytes after decompression", ErrCorrupt, int64(MaxArchiveBytes))
	}
	return n, err
}
