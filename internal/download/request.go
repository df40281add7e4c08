package download

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// newTransport returns a transport that insists on TLS 1.2 and on an answer in time.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: headerTimeout,
		// The files are compressed; a transparent layer would only blur their sizes.
		DisableCompression: true,
		ForceAttemptHTTP2:  true,
	}
}

// checkRedirect keeps a download on TLS and bounds the number of redirects.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme != "https" {
		return fmt.Errorf("redirected to %s: %w", req.URL.Redacted(), ErrNotTLS)
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("redirected more than %d times", maxRedirects)
	}
	return nil
}

// request appends the answer of one GET request to the file part, which has the
// first had bytes.
func (c *Client) request(ctx context.Context, f File, address, part string, had int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	resp, err := c.get(ctx, address, had)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	start, whole, err := startOf(resp, part, had)
	if err != nil || whole {
		return err
	}
	if n := resp.ContentLength; n >= 0 {
		if f.Size > 0 && start+n != f.Size {
			return fmt.Errorf("%w: it offers %d bytes, published are %d", ErrWrongContent, start+n, f.Size)
		}
		if start+n > f.most() {
			return fmt.Errorf("%w: it offers %d bytes, at most %d are accepted", ErrWrongContent, start+n, f.most())
		}
	}
	return c.copyBody(ctx, cancel, f, resp, part, start)
}

// get sends a request for a file from byte had on.
func (c *Client) get(ctx context.Context, address string, had int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	if req.URL.Scheme != "https" {
		return nil, fmt.Errorf("%s: %w", address, ErrNotTLS)
	}
	req.Header.Set("User-Agent", "backfire")
	if had > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", had))
	}
	client := &http.Client{Transport: c.Transport, CheckRedirect: checkRedirect}
	return client.Do(req)
}

// startOf returns the position of the first byte of an answer: had if the server
// resumes there, 0 if it sends the file from the beginning. whole reports that the
// server has no more than the had bytes. If the server has fewer, the part belongs
// to another file and is removed.
func startOf(resp *http.Response, part string, had int64) (start int64, whole bool, err error) {
	sent := resp.Header.Get("Content-Range")
	switch {
	case resp.StatusCode == http.StatusOK:
		return 0, false, nil
	case resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(sent, fmt.Sprintf("bytes %d-", had)):
		return had, false, nil
	case resp.StatusCode == http.StatusPartialContent:
		return 0, false, fmt.Errorf("asked for bytes from %d, it sent %q", had, sent)
	case resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && had > 0:
		if sent == fmt.Sprintf("bytes */%d", had) {
			return had, true, nil
		}
		if err := os.Remove(part); err != nil {
			return 0, false, err
		}
		return 0, false, fmt.Errorf("it has no bytes from %d on: %w", had, errRetry)
	default:
		return 0, false, fmt.Errorf("it answered %q", resp.Status)
	}
}

// copyBody writes the body of an answer into the file part from position start on,
// reports the progress, and cancels the request when the mirror stalls.
func (c *Client) copyBody(ctx context.Context, cancel context.CancelCauseFunc, f File, resp *http.Response, part string, start int64) error {
	total := f.Size
	if total == 0 {
		total = -1
		if resp.ContentLength >= 0 {
			total = start + resp.ContentLength
		}
	}
	stalled := fmt.Errorf("no bytes for %s", c.Stall)
	watch := time.AfterFunc(c.Stall, func() { cancel(stalled) })
	defer watch.Stop()
	done := start
	body := io.TeeReader(resp.Body, countWriter(func(n int) {
		watch.Reset(c.Stall)
		done = min(done+int64(n), f.most())
		c.report(done, total)
	}))
	// One byte more than allowed shows that there are too many.
	size, err := appendTo(part, start, io.LimitReader(body, f.most()-start+1))
	if local := (*fs.PathError)(nil); errors.As(err, &local) {
		return err
	}
	if errors.Is(context.Cause(ctx), stalled) {
		err = stalled
	}
	switch {
	case err != nil && total >= 0:
		return fmt.Errorf("after %d of %d bytes: %w: %w", size, total, err, errRetry)
	case err != nil:
		return fmt.Errorf("after %d bytes: %w: %w", size, err, errRetry)
	case size < total:
		return fmt.Errorf("the connection ended after %d of %d bytes: %w", size, total, errRetry)
	}
	return nil
}

// appendTo writes r into the file at path from position at on, instead of the bytes that
// follow it, and returns the new size of the file.
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

// countWriter calls itself with the length of everything that is written to it.
type countWriter func(n int)

// Write counts p.
func (c countWriter) Write(p []byte) (int, error) {
	c(len(p))
	return len(p), nil
}
