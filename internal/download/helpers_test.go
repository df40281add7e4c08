package download

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// handler answers a request to one of the mirrors of m.
type handler func(m *mirrors, w http.ResponseWriter, r *http.Request)

// mirrors is a file on a TLS server, whose mirrors behave as the test wants.
type mirrors struct {
	server   *httptest.Server
	requests atomic.Int32
	content  []byte
	file     File
	client   *Client
}

// newMirrors serves the handlers as mirrors of the same file of 100,000 bytes.
func newMirrors(t *testing.T, handlers ...handler) *mirrors {
	t.Helper()
	m := &mirrors{content: make([]byte, 100_000)}
	for i := range m.content {
		m.content[i] = byte(i*7 + i/256)
	}
	sum := sha256.Sum256(m.content)
	m.file = File{
		Path:  filepath.Join(t.TempDir(), "data.bin"),
		Size:  int64(len(m.content)),
		Check: SHA256(hex.EncodeToString(sum[:])),
	}
	mux := http.NewServeMux()
	m.server = httptest.NewTLSServer(mux)
	t.Cleanup(m.server.Close)
	for i, handler := range handlers {
		path := fmt.Sprintf("/%d/data.bin", i)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			m.requests.Add(1)
			handler(m, w, r)
		})
		m.file.Mirrors = append(m.file.Mirrors, m.server.URL+path)
	}
	m.client = New()
	m.client.Transport = m.server.Client().Transport
	m.client.Pause = time.Millisecond
	return m
}

// fetch downloads the file.
func (m *mirrors) fetch(t *testing.T) error {
	t.Helper()
	return m.client.Fetch(t.Context(), m.file)
}

// leave writes what an earlier call left of the file.
func (m *mirrors) leave(t *testing.T, part []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(m.file.Path+partSuffix, part, 0o644))
}

// requireFetched checks that the file is there, whole, and alone.
func (m *mirrors) requireFetched(t *testing.T) {
	t.Helper()
	got, err := os.ReadFile(m.file.Path)
	require.NoError(t, err)
	require.Equal(t, m.content, got)
	require.NoFileExists(t, m.file.Path+partSuffix)
}

// serveWell serves the file with ranges.
func serveWell(m *mirrors, w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "data.bin", time.Time{}, strings.NewReader(string(m.content)))
}

// serveDown answers as a server under maintenance does.
func serveDown(_ *mirrors, w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "down", http.StatusServiceUnavailable)
}

// serveWrong serves another file of the same size.
func serveWrong(m *mirrors, w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(make([]byte, len(m.content)))
}

// serveWithoutRanges serves the whole file, whatever part of it is asked for.
func serveWithoutRanges(m *mirrors, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", fmt.Sprint(len(m.content)))
	_, _ = w.Write(m.content)
}

// serveMore serves the file and one byte more, without announcing a size.
func serveMore(m *mirrors, w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(append(m.content[:len(m.content):len(m.content)], 0))
}

// serveEndlessly serves bytes without an end.
func serveEndlessly(_ *mirrors, w http.ResponseWriter, _ *http.Request) {
	for block := make([]byte, 1<<16); ; {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// serveFewer serves a file of half the size.
func serveFewer(m *mirrors, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", fmt.Sprint(len(m.content)/2))
	_, _ = w.Write(m.content[:len(m.content)/2])
}

// serveHuge announces another size.
func serveHuge(_ *mirrors, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "5000000000")
}

// serveOtherRange answers a request for a range with the file's first bytes.
func serveOtherRange(m *mirrors, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-9/%d", len(m.content)))
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(m.content[:10])
}

// cutAfter returns a handler that serves the file, but breaks the connection after
// n bytes of each of the server's first times answers.
func cutAfter(n int, times int32) handler {
	return func(m *mirrors, w http.ResponseWriter, r *http.Request) {
		if m.requests.Load() <= times {
			w = &cuttingWriter{w, n}
		}
		serveWell(m, w, r)
	}
}

// serveHeader begins to answer, but breaks the connection before the first byte of
// the file.
func serveHeader(m *mirrors, w http.ResponseWriter, r *http.Request) {
	from := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(m.content)-1, len(m.content)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(m.content)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// redirectTo returns a handler that redirects to the first mirror by another scheme.
func redirectTo(scheme string) handler {
	return func(_ *mirrors, w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, scheme+"://"+r.Host+"/0/data.bin", http.StatusFound)
	}
}

// cuttingWriter breaks the connection after left bytes.
type cuttingWriter struct {
	http.ResponseWriter
	left int
}

// Write writes up to the remaining number of bytes, then aborts.
func (c *cuttingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		panic(http.ErrAbortHandler)
	}
	return n, err
}
