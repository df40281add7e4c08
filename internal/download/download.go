// Package download fetches published files over TLS.
//
// It promises that a file gets its name only after it is complete and has passed its
// check; that an interrupted transfer is resumed where it ended, in the same call and
// in later ones; and that a mirror can neither write more bytes than the expected
// number to disk, nor keep a call waiting forever. An error names each mirror that was
// tried with the reason of its failure, and the directory into which the file can be put
// by hand.
package download

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The limits of a download in time and repetition.
const (
	connectTimeout = 10 * time.Second // for the connection and for the TLS handshake, each
	headerTimeout  = 20 * time.Second // for the header of the answer
	stallTimeout   = 30 * time.Second // for the next bytes of the body
	retryPause     = time.Second      // before a retry of the same mirror
	maxAttempts    = 3                // of one mirror, counted from 1 after each attempt that brought bytes
	maxRedirects   = 5
)

// partSuffix ends the name of an incomplete file.
const partSuffix = ".part"

var (
	// ErrUnreachable reports that no mirror delivered the file. The error that
	// wraps it wraps the failure of every mirror, too.
	ErrUnreachable = errors.New("no mirror delivered the file")
	// ErrWrongContent reports that a file is not the published one: it has
	// another size or, with the check of [SHA256], another checksum.
	ErrWrongContent = errors.New("not the published file")
	// ErrNotTLS reports an address, or a redirection to one, that is not https.
	ErrNotTLS = errors.New("not https")
)

// errRetry is wrapped by the failures after which the same mirror is asked once more.
var errRetry = errors.New("retry")

// File is one published file.
type File struct {
	// Path is the path of the file once it is complete. Until then the bytes are in
	// Path + ".part". The directory must exist.
	Path string
	// Size is the published number of bytes; 0 if it is not known.
	Size int64
	// Limit is the largest number of bytes that is accepted where Size is 0.
	Limit int64
	// Check returns nil if the file at path is the published one, see [SHA256].
	Check Check
	// Mirrors are the https addresses of the file, the preferred one first.
	Mirrors []string
}

// name returns the file's name, for messages.
func (f File) name() string { return filepath.Base(f.Path) }

// most returns the largest number of bytes that is accepted.
func (f File) most() int64 {
	if f.Size > 0 {
		return f.Size
	}
	return f.Limit
}

// Client downloads files. Use [New] to make one.
type Client struct {
	// Transport carries out the requests. It must verify certificates.
	Transport http.RoundTripper
	// Stall is the longest time that a mirror may send nothing.
	Stall time.Duration
	// Pause is the time before a mirror is retried.
	Pause time.Duration
	// Progress, if not nil, is called with the number of bytes of the file that
	// are there and with the size of the file, -1 if that is not known.
	Progress func(done, total int64)
	// Retrying, if not nil, is called before a mirror is retried, with the host
	// of the mirror and the reason.
	Retrying func(host string, reason error)
}

// New returns a client that takes proxies from the environment and gives up on an
// unreachable host within seconds.
func New() *Client {
	return &Client{Transport: newTransport(), Stall: stallTimeout, Pause: retryPause}
}

// Fetch makes sure that the published file lies at f.Path. A file that is there
// and passes its check is kept. Otherwise the mirrors are tried in their order
// until one delivers; each resumes what an earlier one, or an earlier call, left.
//
// The error wraps [ErrUnreachable] if no mirror delivered, ctx.Err() if ctx
// ended, and an [fs.PathError] if the file could not be written, which no other
// mirror would mend.
func (c *Client) Fetch(ctx context.Context, f File) error {
	if err := f.Check(ctx, f.Path); err == nil {
		size := sizeOf(f.Path)
		c.report(size, size)
		return nil
	}
	failed := &unreachable{file: f.name(), dir: filepath.Dir(f.Path)}
	for _, mirror := range f.Mirrors {
		err := c.fetchFrom(ctx, f, mirror)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("download %s: %w", f.name(), ctx.Err())
		}
		if local := (*fs.PathError)(nil); errors.As(err, &local) {
			return fmt.Errorf("download %s: %w", f.name(), err)
		}
		failed.add(hostOf(mirror), err)
	}
	return failed
}

// report calls Progress, if there is one.
func (c *Client) report(done, total int64) {
	if c.Progress != nil {
		c.Progress(done, total)
	}
}

// fetchFrom downloads a file from one mirror and retries after failures that may pass.
func (c *Client) fetchFrom(ctx context.Context, f File, address string) error {
	part := f.Path + partSuffix
	for attempt := 1; ; attempt++ {
		before := sizeOf(part)
		err := c.attempt(ctx, f, address, part)
		if err == nil || !errors.Is(err, errRetry) || ctx.Err() != nil {
			return err
		}
		if sizeOf(part) > before {
			attempt = 1
		}
		if attempt == maxAttempts {
			return err
		}
		if c.Retrying != nil {
			c.Retrying(hostOf(address), plain(err))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(c.Pause):
		}
	}
}

// attempt downloads what part lacks of a file in one request, checks the whole
// and renames it.
func (c *Client) attempt(ctx context.Context, f File, address, part string) error {
	had := sizeOf(part)
	if f.Size == 0 || had < f.Size {
		if err := c.request(ctx, f, address, part, had); err != nil {
			return err
		}
	}
	wrong := f.checkPart(ctx, part)
	if wrong == nil {
		return os.Rename(part, f.Path)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := os.Remove(part); err != nil {
		return err
	}
	if had > 0 { // the fault may be in the beginning, which an earlier attempt left
		return fmt.Errorf("%w: %w", wrong, errRetry)
	}
	return wrong
}

// checkPart returns the fault of a part that has all bytes of the file, nil if it is sound.
func (f File) checkPart(ctx context.Context, part string) error {
	if sizeOf(part) > f.most() {
		return fmt.Errorf("%w: it is larger than %d bytes", ErrWrongContent, f.most())
	}
	return f.Check(ctx, part)
}

// unreachable is the error of a file that no mirror delivered.
type unreachable struct {
	file, dir string
	tried     []string // "host (reason)"
	failures  []error
}

// add adds the failure of one mirror.
func (u *unreachable) add(host string, err error) {
	u.tried = append(u.tried, fmt.Sprintf("%s (%v)", host, plain(err)))
	u.failures = append(u.failures, err)
}

// Error names the file, the mirrors and the way out, in one line.
func (u *unreachable) Error() string {
	return fmt.Sprintf("download %s: %v: tried %s; retry later, or put the file into %s by hand",
		u.file, ErrUnreachable, strings.Join(u.tried, ", "), u.dir)
}

// Unwrap returns [ErrUnreachable] and the failure of every mirror.
func (u *unreachable) Unwrap() []error { return append([]error{ErrUnreachable}, u.failures...) }

// plain returns a failure without its address and without errRetry, which the message
// around it makes redundant.
func plain(err error) error {
	if get := (*url.Error)(nil); errors.As(err, &get) {
		err = get.Err
	}
	if text, retried := strings.CutSuffix(err.Error(), ": "+errRetry.Error()); retried {
		return errors.New(text)
	}
	return err
}

// hostOf returns the host of an address, for messages.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return address
}

// sizeOf returns the size of the file at path, 0 if there is none.
func sizeOf(path string) int64 {
	stat, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return stat.Size()
}
