package datasets

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// How patient a download is.
const (
	connectTimeout = 15 * time.Second // for the connection, the TLS handshake and the answer's header, each
	stallTimeout   = 30 * time.Second // for the next bytes of the body
	retryPause     = time.Second      // before the same mirror is asked again
	maxAttempts    = 3                // of one mirror, counted anew whenever one brought bytes
	maxRedirects   = 5
)

// errRetry is wrapped by failures after which the same mirror is asked again.
var errRetry = errors.New("try again")

// errStalled is the cause of a download that was given up.
var errStalled = fmt.Errorf("no bytes for %s", stallTimeout)

// fetcher downloads the files of a dataset.
type fetcher struct {
	client   *http.Client
	pause    time.Duration
	stall    time.Duration
	progress func(done, total int64)
}

// Fetch downloads the named dataset into its directory below dir (empty: see
// [DataDir]) from the first mirror that delivers, over TLS only. Files that are
// there and intact are kept; interrupted downloads lie beside them as NAME.part
// and are resumed. Only a file with the published checksum gets its name.
//
// progress, if not nil, is called with the bytes that are there and the bytes
// of the whole dataset. Errors wrap [ErrUnknownDataset], [ErrUnreachable] or
// [ErrBusy] where they apply.
func Fetch(ctx context.Context, name, dir string, progress func(done, total int64)) error {
	info, err := Describe(name)
	if err == nil {
		f := &fetcher{client: newClient(), pause: retryPause, stall: stallTimeout, progress: progress}
		err = f.fetch(ctx, info, dir)
	}
	if err != nil {
		return fmt.Errorf("datasets: fetch %s: %w", name, err)
	}
	return nil
}

// newClient returns a client that refuses to leave TLS and never waits forever.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   connectTimeout,
			ResponseHeaderTimeout: connectTimeout,
			// The files are compressed; a transparent layer would only blur their sizes.
			DisableCompression: true,
			ForceAttemptHTTP2:  true,
		},
		CheckRedirect: checkRedirect,
	}
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme != "https" {
		return fmt.Errorf("redirected to %s, which is not https", req.URL.Redacted())
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// fetch downloads the files of a dataset that are not there yet.
func (f *fetcher) fetch(ctx context.Context, info Info, dir string) error {
	if len(info.Files) == 0 {
		return fmt.Errorf("there is nothing to fetch: it is %s", info.Title)
	}
	dir, err := DataDir(dir)
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, info.Name)
	if complete(ctx, info, dir) { // perhaps in a directory that only others may write to
		f.report(info.Bytes(), info)
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	lock := flock.New(filepath.Join(dir, ".fetch.lock"))
	held, err := lock.TryLock()
	if err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	if !held {
		return fmt.Errorf("%w: wait for it, or end it", ErrBusy)
	}
	var before int64
	for _, file := range info.Files {
		err = f.file(ctx, file, dir, func(n int64) { f.report(before+n, info) })
		if err != nil {
			break
		}
		before += file.Size
	}
	return errors.Join(err, lock.Unlock())
}

// report passes on how far a download is.
func (f *fetcher) report(done int64, info Info) {
	if f.progress != nil {
		f.progress(done, info.Bytes())
	}
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

// file makes sure that one intact file lies in dir.
func (f *fetcher) file(ctx context.Context, file File, dir string, progress func(int64)) error {
	if _, err := file.check(ctx, dir); err == nil {
		progress(file.Size)
		return nil
	}
	var failures []string
	for _, mirror := range file.Mirrors {
		err := f.mirror(ctx, file, mirror, filepath.Join(dir, file.Name), progress)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if local := (*fs.PathError)(nil); errors.As(err, &local) {
			return err // a full disk is no better with another mirror
		}
		failures = append(failures, fmt.Sprintf("%s (%s)", host(mirror), reason(err)))
	}
	return fmt.Errorf("%w %s: tried %s; try again later, or put the file into %s by hand",
		ErrUnreachable, file.Name, strings.Join(failures, ", "), dir)
}

// mirror downloads a file from one mirror, with repetitions.
func (f *fetcher) mirror(ctx context.Context, file File, address, path string, progress func(int64)) error {
	for attempt := 1; ; attempt++ {
		before := sizeOf(path + ".part")
		err := f.attempt(ctx, file, address, path, progress)
		if err == nil || !errors.Is(err, errRetry) || ctx.Err() != nil {
			return err
		}
		if sizeOf(path+".part") > before {
			attempt = 1
		}
		if attempt == maxAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(f.pause):
		}
	}
}

// attempt downloads what is missing of a file in one request, checks the whole
// and gives it its name.
func (f *fetcher) attempt(ctx context.Context, file File, address, path string, progress func(int64)) error {
	part := path + ".part"
	had := sizeOf(part)
	if had < file.Size {
		if err := f.request(ctx, file, address, part, had, progress); err != nil {
			return err
		}
	}
	if err := file.checkContent(ctx, part); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if removing := os.Remove(part); removing != nil {
			return removing
		}
		if had > 0 { // the beginning may be what is wrong: once more from the start
			return fmt.Errorf("%w: %w", err, errRetry)
		}
		return err
	}
	return os.Rename(part, path)
}

// request appends the answer of one GET request to the part file, of which
// had bytes are there.
func (f *fetcher) request(ctx context.Context, file File, address, part string, had int64, progress func(int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	if req.URL.Scheme != "https" {
		return fmt.Errorf("%s is not https", address)
	}
	req.Header.Set("User-Agent", "backfire")
	if had > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", had))
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	had, err = resumeAt(resp, had)
	if err != nil {
		return err
	}
	if n := resp.ContentLength; n >= 0 && had+n != file.Size {
		return fmt.Errorf("%w: it offers %d bytes, published are %d", ErrCorrupt, had+n, file.Size)
	}
	watch := time.AfterFunc(f.stall, func() { cancel(errStalled) })
	defer watch.Stop()
	body := io.TeeReader(resp.Body, countWriter(func(n int) {
		watch.Reset(f.stall)
		had += int64(n)
		progress(min(had, file.Size))
	}))
	// One byte more than wanted shows that there is too much.
	written, err := appendTo(part, had, io.LimitReader(body, file.Size-had+1))
	if local := (*fs.PathError)(nil); errors.As(err, &local) {
		return err
	}
	if errors.Is(context.Cause(ctx), errStalled) {
		err = errStalled
	}
	switch {
	case err != nil:
		return fmt.Errorf("after %d of %d bytes: %w: %w", written, file.Size, err, errRetry)
	case written < file.Size:
		return fmt.Errorf("the connection ended after %d of %d bytes: %w", written, file.Size, errRetry)
	}
	return nil
}

// resumeAt returns the position of the answer's first byte: had if the server
// goes on there, 0 if it starts again.
func resumeAt(resp *http.Response, had int64) (int64, error) {
	switch resp.StatusCode {
	case http.StatusOK:
		return 0, nil
	case http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-", had); !strings.HasPrefix(resp.Header.Get("Content-Range"), want) {
			return 0, fmt.Errorf("asked for bytes from %d, it sent %q", had, resp.Header.Get("Content-Range"))
		}
		return had, nil
	}
	return 0, fmt.Errorf("it answered %q", resp.Status)
}

// appendTo writes r into the file at path from position at on, cuts off what
// was behind, and returns the new size.
func appendTo(path string, at int64, r io.Reader) (size int64, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := file.Truncate(at); err != nil {
		return 0, err
	}
	if _, err := file.Seek(at, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.Copy(file, r)
	return at + n, errors.Join(err, file.Sync())
}

// countWriter calls itself with the length of everything written to it.
type countWriter func(n int)

func (c countWriter) Write(p []byte) (int, error) {
	c(len(p))
	return len(p), nil
}

// sizeOf returns the size of the file at path, 0 if there is none.
func sizeOf(path string) int64 {
	stat, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return stat.Size()
}

// host returns the host of an address, for messages.
func host(address string) string {
	if u, err := url.Parse(address); err == nil {
		return u.Host
	}
	return address
}

// reason returns what went wrong without the parts that the message has anyway.
func reason(err error) string {
	if get := (*url.Error)(nil); errors.As(err, &get) {
		err = get.Err
	}
	return strings.TrimSuffix(err.Error(), ": "+errRetry.Error())
}
