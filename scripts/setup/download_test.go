package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// content is what the test servers serve.
var content = bytes.Repeat([]byte("libtorch "), 10_000)

// contentSum is its SHA-256.
var contentSum = func() string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}()

// fetchFrom fetches from a server with the given handler into dir and returns the file's path and what was said.
func fetchFrom(t *testing.T, dir string, handler http.HandlerFunc) (file, said string, err error) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	defer server.Close()
	c, words := testConsole()
	d := trusting(c, server)
	file = filepath.Join(dir, "torch.whl")
	err = d.fetch(t.Context(), server.URL+"/torch.whl", file, contentSum)
	return file, words.String(), err
}

// trusting is a downloader that accepts the certificate of a test server.
func trusting(c console, server *httptest.Server) downloader {
	d := newDownloader(c)
	d.client.Transport = server.Client().Transport
	return d
}

// serve serves content with ranges, as real servers do.
func serve(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "torch.whl", time.Time{}, bytes.NewReader(content))
}

// breaksOff serves only the first half of what is asked for, as if the connection broke.
func breaksOff(w http.ResponseWriter, r *http.Request) {
	start := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &start); err == nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(content)-1, len(content)))
	}
	rest := content[start:]
	w.Header().Set("Content-Length", fmt.Sprint(len(rest)))
	if start > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = w.Write(rest[:(len(rest)+1)/2])
}

func TestFetchWhole(t *testing.T) {
	file, said, err := fetchFrom(t, t.TempDir(), serve)
	require.NoError(t, err)
	require.NoError(t, verifySum(file, contentSum))
	require.NoFileExists(t, file+".partial")
	require.Contains(t, said, "torch.whl: 100 %")
}

func TestFetchTakesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "torch.whl"), content, 0o644))
	_, _, err := fetchFrom(t, dir, func(http.ResponseWriter, *http.Request) { t.Error("the server was asked") })
	require.NoError(t, err)
}

func TestFetchContinues(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "torch.whl.partial"), content[:1000], 0o644))
	var asked []string
	file, _, err := fetchFrom(t, dir, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Range"))
		serve(w, r)
	})
	require.NoError(t, err)
	require.NoError(t, verifySum(file, contentSum))
	require.Equal(t, []string{"bytes=1000-"}, asked)
}

func TestFetchStartsAnewWithoutRanges(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "torch.whl.partial"), []byte("something else"), 0o644))
	file, _, err := fetchFrom(t, dir, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	require.NoError(t, err)
	require.NoError(t, verifySum(file, contentSum))
}

func TestFetchStartsAnewAfterTooLongAPart(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "torch.whl.partial"), append(content, "more"...), 0o644))
	file, _, err := fetchFrom(t, dir, serve) // answers 416 to the range
	require.NoError(t, err)
	require.NoError(t, verifySum(file, contentSum))
}

func TestFetchKeepsABrokenTransferForTheNextRun(t *testing.T) {
	dir := t.TempDir()
	file, said, err := fetchFrom(t, dir, breaksOff)
	require.ErrorIs(t, err, errBroken)
	require.Contains(t, said, "going on where it stopped")
	require.NoFileExists(t, file, "a part was taken for the whole")
	part, err := os.ReadFile(file + ".partial")
	require.NoError(t, err)
	require.Greater(t, len(part), len(content)*9/10) // four attempts, each half of the rest: 15/16
	require.Equal(t, content[:len(part)], part)

	_, _, err = fetchFrom(t, dir, serve)
	require.NoError(t, err)
	require.NoError(t, verifySum(file, contentSum))
}

func TestFetchGivesUpOnASilentConnection(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write(content[:10])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	c, _ := testConsole()
	d := trusting(c, server)
	d.idle = 50 * time.Millisecond
	file := filepath.Join(t.TempDir(), "x")
	err := d.fetch(t.Context(), server.URL, file, contentSum)
	require.ErrorIs(t, err, errBroken)
	require.NotErrorIs(t, err, context.Canceled, "silence looks like an interruption by the user")
	require.ErrorContains(t, err, "nothing came for 50ms")
	require.NoFileExists(t, file)
}

func TestFetchRefusesWrongContent(t *testing.T) {
	file, _, err := fetchFrom(t, t.TempDir(), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a login page")) })
	require.ErrorIs(t, err, errChecksum)
	require.NoFileExists(t, file)
	require.NoFileExists(t, file+".partial", "wrong content would be continued by the next run")
}

func TestFetchReportsTheServersAnswer(t *testing.T) {
	_, _, err := fetchFrom(t, t.TempDir(), http.NotFound)
	require.ErrorContains(t, err, "404 Not Found")
}

func TestFetchEndsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write(content[:10])
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	}))
	defer server.Close()
	c, _ := testConsole()
	err := trusting(c, server).fetch(ctx, server.URL, filepath.Join(t.TempDir(), "x"), contentSum)
	require.ErrorIs(t, err, context.Canceled)
}

func TestFetchStaysOnTLS(t *testing.T) {
	c, _ := testConsole()
	file := filepath.Join(t.TempDir(), "x")
	require.ErrorIs(t, newDownloader(c).fetch(t.Context(), "http://127.0.0.1:1/torch.whl", file, contentSum), errPlain)
	_, _, err := fetchFrom(t, t.TempDir(), func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/torch.whl", http.StatusFound)
	})
	require.ErrorIs(t, err, errPlain)
	_, _, err = fetchFrom(t, t.TempDir(), func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/torch.whl", http.StatusFound)
	})
	require.ErrorContains(t, err, "redirected more than 5 times")
}

// A server that is not who it says it is gets no further than its certificate.
func TestFetchChecksTheCertificate(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(serve))
	defer server.Close()
	c, _ := testConsole()
	file := filepath.Join(t.TempDir(), "x")
	require.ErrorContains(t, newDownloader(c).fetch(t.Context(), server.URL, file, contentSum), "certificate")
	require.NoFileExists(t, file)
}
