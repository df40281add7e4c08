package datasets

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// maxWindow is the largest accepted dictionary of a compressed stream in bytes, which
// its decoder allocates.
const maxWindow = 128 << 20

// compression is one way in which files and archives are compressed.
type compression struct {
	name  string
	magic string // the first bytes of each stream
	open  func(r io.Reader) (io.Reader, error)
}

// compressions lists all of them.
var compressions = []compression{
	{"gzip", "\x1f\x8b", openGzip},
	{"xz", "\xfd7zXZ\x00", openXZ},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
}

// openGzip decompresses a gzip file.
func openGzip(r io.Reader) (io.Reader, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return readerFunc(func(p []byte) (int, error) {
		n, err := z.Read(p)
		if errors.Is(err, gzip.ErrHeader) {
			err = fmt.Errorf("bytes behind the end of the gzip stream that are none: compress the content anew: %w", err)
		}
		return n, err
	}), nil
}

// openXZ decompresses an xz file.
func openXZ(r io.Reader) (io.Reader, error) {
	return xz.ReaderConfig{DictCap: maxWindow}.NewReader(r)
}

// openZstd decompresses a zstd file on the calling goroutine, so that nothing is left to
// be closed.
func openZstd(r io.Reader) (io.Reader, error) {
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
}

// decompress returns r's content, decompressed if it starts like a file of one of the
// compressions. A content that grows beyond MaxGrowth is refused on the way.
func decompress(r io.Reader) (io.Reader, error) {
	var g growth
	buffered := bufio.NewReaderSize(g.counted(r), 1<<16)
	head, err := buffered.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for _, c := range compressions {
		if !bytes.HasPrefix(head, []byte(c.magic)) {
			continue
		}
		content, err := c.open(buffered)
		if err != nil {
			return nil, fmt.Errorf("%w: %s header: %w", ErrCorrupt, c.name, err)
		}
		return g.checked(content), nil
	}
	return buffered, nil
}
