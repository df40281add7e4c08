package datasets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// insideProgram stands for the path of the embedded data.
const insideProgram = "(inside the program)"

// Status is the result of checking one file or collection of a dataset.
type Status struct {
	Name   string // file name
	Path   string // its place; empty if it is missing
	Detail string // the finding, in words
	Err    error  // the reason why it cannot be used; nil if it is sound
}

// Verify compares the files of the named dataset below dir (empty: see [DataDir])
// with their published checksums. Another form of the data, such as CIFAR-10 as a
// folder of JPEGs, has no published checksums and is read completely instead. The
// error is about the search for the data. A fault of a file is in its Status.
func Verify(ctx context.Context, name, dir string) ([]Status, error) {
	statuses, err := verify(ctx, name, dir)
	if err != nil {
		return nil, fmt.Errorf("datasets: verify %s: %w", name, err)
	}
	return statuses, nil
}

// verify checks the files of a dataset. Its errors lack the prefix of [Verify]'s.
func verify(ctx context.Context, name, dir string) ([]Status, error) {
	l, err := newLoader(Source{Name: name, Split: SplitAll, Dir: dir})
	if err != nil {
		return nil, err
	}
	if name == Embedded {
		return verifyEmbedded(), nil
	}
	loc, err := l.locate()
	if err != nil {
		return nil, err
	}
	var statuses []Status
	switch {
	case loc.format == formatIDX && l.info.Files != nil,
		loc.format == formatArchive && filepath.Base(loc.path) == cifarArchive:
		dir := loc.path
		if loc.format == formatArchive {
			dir = filepath.Dir(dir)
		}
		for _, file := range l.info.Files {
			statuses = append(statuses, file.status(ctx, dir))
		}
	case loc.format == formatCIFAR:
		for _, name := range slices.Concat(cifarTrain, cifarTest) {
			statuses = append(statuses, File{Name: name, SHA256: l.pins[name]}.status(ctx, loc.path))
		}
	default:
		statuses = []Status{l.readWhole(ctx, loc)}
	}
	return statuses, ctx.Err()
}

// readWhole checks data without published checksums by loading them.
func (l *loader) readWhole(ctx context.Context, loc location) Status {
	status := Status{Name: filepath.Base(loc.path), Path: loc.path}
	set, err := l.load(ctx)
	if err != nil {
		status.Err = err
		return status
	}
	status.Detail = fmt.Sprintf("all %d images of %dx%dx%d can be read; no checksum of this form is published; %s",
		set.Len(), set.C, set.H, set.W, set.Census.Line(set.Classes))
	return status
}

// verifyEmbedded checks the files that are part of the program.
func verifyEmbedded() []Status {
	pins := fashionInfo().pins()
	var statuses []Status
	for _, part := range []struct {
		name    string
		content []byte
	}{{testImages, embeddedImages}, {testLabels, embeddedLabels}} {
		status := Status{Name: part.name + ".gz", Path: insideProgram, Detail: "as published"}
		file := File{SHA256: pins[part.name], Gzipped: true}
		status.Err = file.checkStream(bytes.NewReader(part.content))
		statuses = append(statuses, status)
	}
	return statuses
}

// Locate returns the path of the named dataset below dir (empty: see [DataDir]). It
// looks at names only, so the data may be damaged. The error wraps [ErrMissing] if there
// are none.
func Locate(name, dir string) (string, error) {
	l, err := newLoader(Source{Name: name, Dir: dir})
	if err != nil {
		return "", fmt.Errorf("datasets: locate %s: %w", name, err)
	}
	if name == Embedded {
		return insideProgram, nil
	}
	loc, err := l.locate()
	if err != nil {
		return "", fmt.Errorf("datasets: locate %s: %w", name, err)
	}
	return loc.path, nil
}

// status returns the result of checking the file in dir.
func (f File) status(ctx context.Context, dir string) Status {
	path, err := f.check(ctx, dir)
	status := Status{Name: f.Name, Path: path, Detail: "as published", Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		status.Path, status.Err = "", fmt.Errorf("%w: %s has no %s", ErrMissing, dir, f.Name)
	}
	return status
}

// check compares the file in dir, or its decompressed form if that is there, with the
// published checksum. It returns the path of the file that it compared.
func (f File) check(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, f.Name)
	if f.Gzipped {
		plain := strings.TrimSuffix(path, ".gz")
		if _, err := os.Stat(plain); err == nil {
			path = plain
		}
	}
	return path, f.checkContent(ctx, path)
}

// checkContent compares the file at path with the published checksum.
func (f File) checkContent(ctx context.Context, path string) error {
	file, err := openIn(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		return err
	}
	defer file.Close()
	return f.checkStream(contextReader{ctx, file})
}

// checkStream compares a stream with the published checksum.
func (f File) checkStream(r io.Reader) error {
	if f.Gzipped {
		content, err := decompress(r)
		if err != nil {
			return err
		}
		r = content
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, &cappedReader{r: r, left: MaxArchiveBytes}); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); sum != f.SHA256 {
		return fmt.Errorf("%w: checksum mismatch: SHA-256 %s, published %s", ErrCorrupt, sum, f.SHA256)
	}
	return nil
}

// contextReader reads until its context ends.
type contextReader struct {
	ctx context.Context
	io.Reader
}

// Read reads while the context lasts, and then returns its error.
func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}
