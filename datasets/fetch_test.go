package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/internal/download"
)

// mirrorTest is a dataset of two files, data.bin and more.bin, on a TLS server.
type mirrorTest struct {
	requests atomic.Int32
	content  []byte // of both files
	info     Info
	dir      string
	client   *download.Client
}

// newMirrorTest serves the files with the handler.
func newMirrorTest(t *testing.T, handler func(m *mirrorTest, w http.ResponseWriter, r *http.Request)) *mirrorTest {
	t.Helper()
	m := &mirrorTest{content: ramp(100_000), dir: t.TempDir(), client: download.New()}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		handler(m, w, r)
	}))
	t.Cleanup(server.Close)
	m.client.Transport, m.client.Pause = server.Client().Transport, time.Millisecond
	sum := sha256.Sum256(m.content)
	m.info = Info{Name: "thing"}
	for _, name := range []string{"data.bin", "more.bin"} {
		m.info.Files = append(m.info.Files, File{
			Name: name, Size: int64(len(m.content)), SHA256: hex.EncodeToString(sum[:]), Mirrors: []string{server.URL + "/" + name},
		})
	}
	return m
}

func (m *mirrorTest) fetch() error {
	return fetch(context.Background(), m.client, m.info, m.dir, nil)
}

// path returns the place of a file of the dataset.
func (m *mirrorTest) path(name string) string { return filepath.Join(m.dir, "thing", name) }

// requireFetched checks that both files are there, whole, and alone.
func (m *mirrorTest) requireFetched(t *testing.T) {
	t.Helper()
	for _, file := range m.info.Files {
		got, err := os.ReadFile(m.path(file.Name))
		require.NoError(t, err)
		require.Equal(t, m.content, got)
		require.NoFileExists(t, m.path(file.Name)+".part")
	}
}

// serveWell serves the content under every name.
func serveWell(m *mirrorTest, w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "data.bin", time.Time{}, strings.NewReader(string(m.content)))
}

func TestFetch(t *testing.T) {
	m := newMirrorTest(t, serveWell)
	var done []int64
	progress := func(d, total int64) {
		done = append(done, d)
		require.EqualValues(t, 200_000, total)
	}
	require.NoError(t, fetch(t.Context(), m.client, m.info, m.dir, progress))
	m.requireFetched(t)
	require.EqualValues(t, 2, m.requests.Load())
	require.IsIncreasing(t, done)
	require.EqualValues(t, 200_000, done[len(done)-1])

	require.NoError(t, os.Remove(m.path(".fetch.lock")))
	require.NoError(t, m.fetch())
	require.EqualValues(t, 2, m.requests.Load(), "a file that is there was fetched")
	require.NoFileExists(t, m.path(".fetch.lock"), "something was written where nothing was missing")

	require.NoError(t, os.WriteFile(m.path("more.bin"), []byte("damaged"), 0o644))
	done = nil
	require.NoError(t, fetch(t.Context(), m.client, m.info, m.dir, progress))
	m.requireFetched(t)
	require.EqualValues(t, 3, m.requests.Load())
	require.EqualValues(t, 100_000, done[0], "the file that is there counts")
}

func TestFetchResumes(t *testing.T) {
	var asked []string
	m := newMirrorTest(t, func(m *mirrorTest, w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Range"))
		serveWell(m, w, r)
	})
	write(t, m.content[:60_000], m.path("data.bin")+".part")
	require.NoError(t, m.fetch())
	m.requireFetched(t)
	require.Equal(t, []string{"bytes=60000-", ""}, asked)
}

func TestFetchGivesUp(t *testing.T) {
	for name, tc := range map[string]struct {
		content string
		want    string
	}{
		"wrong checksum": {strings.Repeat("0", 100_000), "checksum mismatch"},
		"wrong size":     {"a login page", "it offers 12 bytes, published are 100000"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMirrorTest(t, func(_ *mirrorTest, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(tc.content)) })
			err := m.fetch()
			require.ErrorIs(t, err, ErrUnreachable)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "tried 127.0.0.1:")
			require.ErrorContains(t, err, "put the file into "+filepath.Join(m.dir, "thing")+" by hand")
			require.NoFileExists(t, m.path("data.bin"))
			require.NoFileExists(t, m.path("data.bin")+".part", "wrong content was kept")
		})
	}
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

func TestFetchStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := newMirrorTest(t, func(_ *mirrorTest, _ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	require.ErrorIs(t, fetch(ctx, m.client, m.info, m.dir, nil), context.Canceled)
	require.EqualValues(t, 1, m.requests.Load())
}

func TestFetchIsAlone(t *testing.T) {
	inside, done := make(chan struct{}), make(chan struct{})
	m := newMirrorTest(t, func(m *mirrorTest, w http.ResponseWriter, r *http.Request) {
		if m.requests.Load() == 1 {
			close(inside)
			<-done
		}
		serveWell(m, w, r)
	})
	first := make(chan error, 1)
	go func() { first <- m.fetch() }()
	<-inside
	other := download.New()
	require.ErrorIs(t, fetch(t.Context(), other, m.info, m.dir, nil), ErrBusy)
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

// Recompressed and unpacked copies of a published file count as the file.
func TestFetchKeepsOtherCompressions(t *testing.T) {
	sum := sha256.Sum256([]byte("content"))
	m := newMirrorTest(t, func(_ *mirrorTest, w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "down", http.StatusServiceUnavailable)
	})
	m.info.Files = m.info.Files[:1]
	m.info.Files[0].Name, m.info.Files[0].Gzipped = "data.gz", true
	m.info.Files[0].SHA256 = hex.EncodeToString(sum[:])
	require.ErrorIs(t, m.fetch(), ErrUnreachable)
	plain := write(t, []byte("content"), m.dir, "thing", "data")
	require.NoError(t, m.fetch())
	require.NoError(t, os.Remove(plain))
	write(t, gzipped(t, []byte("content")), m.dir, "thing", "data.gz")
	require.NoError(t, m.fetch())
}
