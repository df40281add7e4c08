package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/internal/download"
)

// fetchOfficial fetches a wheel whose content is libtorch from a server with the given handler, and returns its path and the console's
// output.
func fetchOfficial(t *testing.T, handler http.HandlerFunc) (files []string, said string, err error) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	defer server.Close()
	c, words := testConsole()
	client := &download.Client{Transport: server.Client().Transport, Stall: time.Minute, Pause: time.Millisecond}
	w := wheelFetcher{console: c, client: client, downloads: filepath.Join(t.TempDir(), "downloads")}
	sum := sha256.Sum256([]byte("libtorch"))
	files, err = w.fetchOfficial(t.Context(), server.URL+"/torch-2.11.0%2Bcpu.whl", hex.EncodeToString(sum[:]))
	return files, words.String(), err
}

func TestFetchOfficial(t *testing.T) {
	files, said, err := fetchOfficial(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("libtorch")) })
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.Equal(t, "torch-2.11.0+cpu.whl", filepath.Base(files[0]))
	text, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Equal(t, "libtorch", string(text))
	require.Contains(t, said, "torch-2.11.0+cpu.whl: 100 %")
}

func TestFetchOfficialReportsABrokenConnection(t *testing.T) {
	requests := 0
	_, said, err := fetchOfficial(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests == 1 {
			w.Header().Set("Content-Length", "8")
			_, _ = w.Write([]byte("lib"))
			return
		}
		_, _ = w.Write([]byte("libtorch"))
	})
	require.NoError(t, err)
	require.Contains(t, said, "  the connection broke (after 3 of 8 bytes: unexpected EOF); resuming the download\n")
}

func TestFetchOfficialRefusesWrongContent(t *testing.T) {
	_, _, err := fetchOfficial(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a login page")) })
	require.ErrorIs(t, err, download.ErrWrongContent)
}

func TestFetchOfficialRefusesWhatIsNoWheel(t *testing.T) {
	_, _, err := fetchOfficial(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "5000000000") })
	require.ErrorContains(t, err, "it offers 5000000000 bytes, at most 400000000 are accepted")
}
