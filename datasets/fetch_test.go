package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// mirrorTest is a dataset of one file on a TLS server whose mirrors behave as
// the test wants.
type mirrorTest struct {
	server   *httptest.Server
	requests atomic.Int32
	content  []byte
	info     Info
	dir      string
	fetcher  *fetcher
}

// newMirrorTest serves the handlers as mirrors of the same file.
func newMirrorTest(t *testing.T, handlers ...func(m *mirrorTest, w http.ResponseWriter, r *http.Request)) *mirrorTest {
	t.Helper()
	m := &mirrorTest{content: ramp(100_000), dir: t.TempDir()}
	mux := http.NewServeMux()
	m.server = httptest.NewTLSServer(mux)
	t.Cleanup(m.server.Close)
	sum := sha256.Sum256(m.content)
	file := File{Name: "data.bin", Size: int64(len(m.content)), SHA256: hex.EncodeToString(sum[:])}
	for i, handler := range handlers {
		path := fmt.Sprintf("/%d/data.bin", i)
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			m.requests.Add(1)
			handler(m, w, r)
		})
		file.Mirrors = append(file.Mirrors, m.server.URL+path)
	}
	m.info = Info{Name: "thing", Files: []File{file}}
	client := m.server.Client()
	client.CheckRedirect = checkRedirect
	m.fetcher = &fetcher{client: client, pause: time.Millisecond, stall: stallTimeout}
	return m
}

func (m *mirrorTest) fetch() error { return m.fetcher.fetch(context.Background(), m.info, m.dir) }
func (m *mirrorTest) path() string { return filepath.Join(m.dir, "thing", "data.bin") }

// requireFetched checks that the file is there, whole, and alone.
func (m *mirrorTest) requireFetched(t *testing.T) {
	t.Helper()
	got, err := os.ReadFile(m.path())
	require.NoError(t, err)
	require.Equal(t, m.content, got)
	require.NoFileExists(t, m.path()+".part")
}

// The ways in which a mirror may answer.
func serveWell(m *mirrorTest, w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "data.bin", time.Time{}, strings.NewReader(string(m.content)))
}

func serveDown(_ *mirrorTest, w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "down", http.StatusServiceUnavailable)
}

func serveWrong(m *mirrorTest, w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(make([]byte, len(m.content)))
}

func serveNoRange(m *mirrorTest, w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(m.content)
}

// cutAfter serves the file properly, but breaks the connection after n bytes of
// each of the first times answers.
func cutAfter(n, times int) func(*mirrorTest, http.ResponseWriter, *http.Request) {
	return func(m *mirrorTest, w http.ResponseWriter, r *http.Request) {
		if times--; times >= 0 {
			w = &cuttingWriter{w, n}
		}
		serveWell(m, w, r)
	}
}

// cuttingWriter breaks the connection after left bytes.
type cuttingWriter struct {
	http.ResponseWriter
	left int
}

func (c *cuttingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func TestFetch(t *testing.T) {
	m := newMirrorTest(t, serveWell)
	var done, total []int64
	m.fetcher.progress = func(d, n int64) { done, total = append(done, d), append(total, n) }
	require.NoError(t, m.fetch())
	m.requireFetched(t)
	require.EqualValues(t, 1, m.requests.Load())
	require.IsIncreasing(t, done)
	require.EqualValues(t, 100_000, done[len(done)-1])
	require.EqualValues(t, 100_000, total[0])

	require.NoError(t, os.Remove(filepath.Join(m.dir, "thing", ".fetch.lock")))
	require.NoError(t, m.fetch())
	require.EqualValues(t, 1, m.requests.Load(), "what is there is not fetched again")
	require.NoFileExists(t, filepath.Join(m.dir, "thing", ".fetch.lock"), "nothing is written where nothing is missing")

	require.NoError(t, os.WriteFile(m.path(), []byte("damaged"), 0o644))
	require.NoError(t, m.fetch())
	m.requireFetched(t)
	require.EqualValues(t, 2, m.requests.Load())
}

func TestFetchRecovers(t *testing.T) {
	for name, tc := range map[string]struct {
		mirrors  []func(*mirrorTest, http.ResponseWriter, *http.Request)
		part     func(m *mirrorTest) []byte // what an earlier call left
		requests int32
	}{
		"first mirror down":      {mirrors: list(serveDown, serveWell), requests: 2},
		"first mirror is wrong":  {mirrors: list(serveWrong, serveWell), requests: 2},
		"connection breaks":      {mirrors: list(cutAfter(30_000, 1)), requests: 2},
		"breaks again and again": {mirrors: list(cutAfter(9_000, 11)), requests: 12},
		"breaks at once":         {mirrors: list(cutAfter(1, 1000), serveWell), requests: 2},
		"resumes":                {list(serveWell), func(m *mirrorTest) []byte { return m.content[:60_000] }, 1},
		"resumes elsewhere":      {list(serveDown, serveWell), func(m *mirrorTest) []byte { return m.content[:60_000] }, 2},
		"ignores Range":          {list(serveNoRange), func(m *mirrorTest) []byte { return m.content[:60_000] }, 1},
		"part is whole":          {list(serveDown), func(m *mirrorTest) []byte { return m.content }, 0},
		"part is too long":       {list(serveWell), func(m *mirrorTest) []byte { return append(m.content[:len(m.content):len(m.content)], 1) }, 1},
		"part is of another":     {list(serveWell), func(*mirrorTest) []byte { return make([]byte, 60_000) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMirrorTest(t, tc.mirrors...)
			if tc.part != nil {
				write(t, tc.part(m), m.path()+".part")
			}
			require.NoError(t, m.fetch())
			m.requireFetched(t)
			require.Equal(t, tc.requests, m.requests.Load())
		})
	}
}

// list is a slice of handlers without its long type.
func list(handlers ...func(*mirrorTest, http.ResponseWriter, *http.Request)) []func(*mirrorTest, http.ResponseWriter, *http.Request) {
	return handlers
}

func TestFetchGivesUp(t *testing.T) {
	for name, tc := range map[string]struct {
		mirror func(*mirrorTest, http.ResponseWriter, *http.Request)
		want   string
	}{
		"wrong checksum": {serveWrong, "checksum mismatch"},
		"not found":      {func(_ *mirrorTest, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, `it answered "404 Not Found"`},
		"too large": {func(m *mirrorTest, w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(m.content[:len(m.content):len(m.content)], 0))
		}, "checksum mismatch"},
		"endless": {func(_ *mirrorTest, w http.ResponseWriter, _ *http.Request) {
			for block := make([]byte, 1<<16); ; {
				if _, err := w.Write(block); err != nil {
					return
				}
			}
		}, "checksum mismatch"},
		"announces another size": {func(_ *mirrorTest, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000000000")
		}, "it offers 5000000000 bytes, published are 100000"},
		"leaves TLS": {func(_ *mirrorTest, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+"/0/data.bin", http.StatusFound)
		}, "which is not https"},
		"runs in circles": {func(_ *mirrorTest, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+"/0/data.bin", http.StatusFound)
		}, "more than 5 redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMirrorTest(t, tc.mirror)
			err := m.fetch()
			require.ErrorIs(t, err, ErrUnreachable)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "data.bin: tried 127.0.0.1:")
			require.ErrorContains(t, err, "put the file into "+filepath.Join(m.dir, "thing")+" by hand")
			require.NotContains(t, err.Error(), "\n")
			require.NoFileExists(t, m.path())
			require.NoFileExists(t, m.path()+".part", "what is wrong is not kept")
		})
	}
}

func TestFetchWithoutNetwork(t *testing.T) {
	m := newMirrorTest(t, serveWell, serveWell)
	m.server.Close()
	err := m.fetch()
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "connection refused")
}

func TestFetchRefusesPlainHTTP(t *testing.T) {
	m := newMirrorTest(t, serveWell)
	m.info.Files[0].Mirrors = []string{"http://127.0.0.1:1/data.bin"}
	require.ErrorContains(t, m.fetch(), "is not https")
	require.Zero(t, m.requests.Load())
}

// A server that is not who it says it is gets no further than its certificate.
func TestFetchChecksTheCertificate(t *testing.T) {
	m := newMirrorTest(t, serveWell)
	m.fetcher.client = newClient()
	require.ErrorContains(t, m.fetch(), "certificate")
	require.NoFileExists(t, m.path())
	require.Zero(t, m.requests.Load())
}

// Every file that can be fetched has its size and SHA-256 in the code, and mirrors
// on TLS alone.
func TestCatalogueIsPinned(t *testing.T) {
	for _, info := range Names() {
		for _, file := range info.Files {
			require.Regexp(t, "^[0-9a-f]{64}$", file.SHA256, file.Name)
			require.Positive(t, file.Size, file.Name)
			require.NotEmpty(t, file.Mirrors, file.Name)
			for _, mirror := range file.Mirrors {
				require.Regexp(t, "^https://", mirror)
			}
		}
	}
}

// A server that stops sending without closing is given up. The clock is virtual:
// on a slow machine any server seems to stop.
func TestFetchStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirrorTest(t, serveWell)
		m.server.Close() // a real connection has no part in a virtual clock
		m.fetcher.client = &http.Client{Transport: silentServer(m.content[:1000])}
		begin := time.Now()
		err := m.fetch()
		require.ErrorIs(t, err, ErrUnreachable)
		require.ErrorContains(t, err, "after 1000 of 100000 bytes: no bytes for")
		require.GreaterOrEqual(t, time.Since(begin), stallTimeout)
		require.FileExists(t, m.path()+".part")
	})
}

// silentServer answers every request with some bytes of a file of 100,000, and no more.
type silentServer []byte

func (s silentServer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, rest := io.Pipe()
	go func() {
		_, _ = rest.Write(s)
		<-r.Context().Done()
		_ = rest.CloseWithError(r.Context().Err())
	}()
	return &http.Response{StatusCode: http.StatusOK, ContentLength: 100_000, Body: body, Request: r}, nil
}

func TestFetchStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	m := newMirrorTest(t, func(_ *mirrorTest, _ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}, serveWell)
	require.ErrorIs(t, m.fetcher.fetch(ctx, m.info, m.dir), context.Canceled)
	require.EqualValues(t, 1, m.requests.Load())
}

func TestFetchIsAlone(t *testing.T) {
	inside, done := make(chan struct{}), make(chan struct{})
	m := newMirrorTest(t, func(m *mirrorTest, w http.ResponseWriter, r *http.Request) {
		close(inside)
		<-done
		serveWell(m, w, r)
	})
	first := make(chan error, 1)
	go func() { first <- m.fetch() }()
	<-inside
	require.ErrorIs(t, m.fetch(), ErrBusy)
	close(done)
	require.NoError(t, <-first)
	m.requireFetched(t)
}

func TestFetchWithoutFiles(t *testing.T) {
	for _, name := range []string{Embedded, Folder} {
		require.ErrorContains(t, Fetch(context.Background(), name, t.TempDir(), nil), "datasets: fetch "+name+": there is nothing to fetch")
	}
	require.ErrorIs(t, Fetch(context.Background(), "mnits", t.TempDir(), nil), ErrUnknownDataset)
}

// Recompressed and unpacked copies of a published file count as it.
func TestFetchKeepsOtherCompressions(t *testing.T) {
	sum := sha256.Sum256([]byte("content"))
	m := newMirrorTest(t, serveDown)
	m.info.Files[0].Name, m.info.Files[0].Gzipped = "data.gz", true
	m.info.Files[0].SHA256 = hex.EncodeToString(sum[:])
	require.ErrorIs(t, m.fetch(), ErrUnreachable)
	plain := write(t, []byte("content"), m.dir, "thing", "data")
	require.NoError(t, m.fetch())
	require.NoError(t, os.Remove(plain))
	write(t, gzipped(t, []byte("content")), m.dir, "thing", "data.gz")
	require.NoError(t, m.fetch())
}
