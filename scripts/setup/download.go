package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	neturl "net/url"
	"os"
	"path"
	"path/filepath"
	"time"
)

// errChecksum says that a file is not the published one.
var errChecksum = errors.New("wrong SHA-256 sum")

// errPlain says that an address is not of TLS.
var errPlain = errors.New("not https")

// downloader fetches files over TLS.
type downloader struct {
	client  *http.Client
	idle    time.Duration // give up on a connection that is silent for so long
	console console
}

// newDownloader returns a downloader that notices an unreachable host within seconds. Proxies come from the environment.
func newDownloader(c console) downloader {
	return downloader{
		client: &http.Client{
			Transport: &http.Transport{
				Proxy:                 http.ProxyFromEnvironment,
				DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
				TLSHandshakeTimeout:   5 * time.Second,
				ResponseHeaderTimeout: 20 * time.Second,
			},
			CheckRedirect: checkRedirect,
		},
		idle:    30 * time.Second,
		console: c,
	}
}

// checkRedirect keeps downloads on TLS, and ends circles.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme != "https" {
		return fmt.Errorf("redirected to %s: %w", req.URL.Redacted(), errPlain)
	}
	if len(via) > 5 {
		return errors.New("redirected more than 5 times")
	}
	return nil
}

// attempts is how often a broken connection is taken up again in one run; the part that has come stays for the next run.
const attempts = 4

// fetch downloads url to file, whose SHA-256 is sum (hex). A file that is there with this sum is not fetched again; one that came in
// part before is continued. The file gets its name only when whole and right.
func (d downloader) fetch(ctx context.Context, url, file, sum string) error {
	if err := verifySum(file, sum); err == nil {
		return nil
	}
	part := file + ".partial"
	var err error
	for range attempts {
		var whole bool
		if whole, err = d.continuePart(ctx, url, part); whole || ctx.Err() != nil || !errors.Is(err, errBroken) {
			break
		}
		d.console.say("  the connection broke (%v); going on where it stopped", err)
	}
	if err != nil {
		return err
	}
	if err := verifySum(part, sum); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", url, err), os.Remove(part))
	}
	return os.Rename(part, file)
}

// errBroken says that a transfer ended early and can be continued.
var errBroken = errors.New("transfer ended early")

// continuePart makes one request for what part still lacks of url and tells whether it is whole then.
func (d downloader) continuePart(ctx context.Context, url, part string) (whole bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return false, fmt.Errorf("downloading: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, fmt.Errorf("downloading: %w", err)
	}

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, fmt.Errorf("downloading: %w", err)
	}
	if req.URL.Scheme != "https" {
		return false, fmt.Errorf("downloading %s: %w", url, errPlain)
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := d.client.Do(req)
	if err != nil {
		var inURL *neturl.Error
		if errors.As(err, &inURL) {
			err = inURL.Err // without the URL, which is long and was announced
		}
		return false, fmt.Errorf("downloading: %w", err)
	}
	defer resp.Body.Close()

	switch {
	case resp.StatusCode == http.StatusPartialContent && startsAt(resp.Header.Get("Content-Range"), have):
	case resp.StatusCode == http.StatusOK: // the server does not know ranges: from the beginning
		have = 0
		if err := f.Truncate(0); err != nil {
			return false, fmt.Errorf("downloading: %w", err)
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return false, fmt.Errorf("downloading: %w", err)
		}
	case have > 0: // 416 and other answers to a range that the file does not have: start anew
		return false, errors.Join(errBroken, f.Truncate(0))
	default:
		return false, fmt.Errorf("downloading %s: the server answers %s", url, resp.Status)
	}

	return d.copyBody(ctx, cancel, f, resp, have)
}

// copyBody appends the body of resp to f, which holds have bytes, shows the progress and cancels when nothing comes any more.
func (d downloader) copyBody(ctx context.Context, cancel context.CancelCauseFunc, f io.Writer, resp *http.Response, have int64) (whole bool, err error) {
	total := int64(-1)
	if resp.ContentLength >= 0 {
		total = have + resp.ContentLength
	}
	progress, finish := d.console.bytesProgress(path.Base(resp.Request.URL.Path), have, total)
	defer finish()
	silence := time.AfterFunc(d.idle, func() { cancel(fmt.Errorf("nothing came for %s", d.idle)) })
	defer silence.Stop()
	_, err = io.Copy(io.MultiWriter(f, progress), readerFunc(func(p []byte) (int, error) {
		n, err := resp.Body.Read(p)
		silence.Reset(d.idle)
		return n, err
	}))
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", errBroken, err)
	}
	return true, nil
}

// startsAt tells whether a Content-Range header begins at offset.
func startsAt(contentRange string, offset int64) bool {
	var first, last int64
	n, err := fmt.Sscanf(contentRange, "bytes %d-%d", &first, &last)
	return err == nil && n == 2 && first == offset
}

// readerFunc is a function as io.Reader.
type readerFunc func(p []byte) (int, error)

// Read calls f.
func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// verifySum returns errChecksum unless the file's SHA-256 is sum (hex).
func verifySum(path, sum string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != sum {
		return fmt.Errorf("%s: %w: %s instead of %s", filepath.Base(path), errChecksum, got, sum)
	}
	return nil
}
