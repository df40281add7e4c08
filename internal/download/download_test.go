package download

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFetch(t *testing.T) {
	m := newMirrors(t, serveWell)
	var done, total []int64
	m.client.Progress = func(d, n int64) { done, total = append(done, d), append(total, n) }
	require.NoError(t, m.fetch(t))
	m.requireFetched(t)
	require.EqualValues(t, 1, m.requests.Load())
	require.IsIncreasing(t, done)
	require.EqualValues(t, 100_000, done[len(done)-1])
	require.EqualValues(t, 100_000, total[0])

	done = nil
	require.NoError(t, m.fetch(t))
	require.EqualValues(t, 1, m.requests.Load(), "a file that is there was fetched")
	require.Equal(t, []int64{100_000}, done)

	require.NoError(t, os.WriteFile(m.file.Path, []byte("damaged"), 0o644))
	require.NoError(t, m.fetch(t))
	m.requireFetched(t)
	require.EqualValues(t, 2, m.requests.Load())
}

// The size of a file may be unknown. The part that an earlier call left is resumed
// all the same.
func TestFetchRecovers(t *testing.T) {
	for name, tc := range map[string]struct {
		mirrors     []handler
		part        func(content []byte) []byte // what an earlier call left
		requests    int32
		unknownSize int32 // requests where the size is not known, if it makes a difference
	}{
		"the first mirror is down":       {mirrors: []handler{serveDown, serveWell}, requests: 2},
		"the first mirror is wrong":      {mirrors: []handler{serveWrong, serveWell}, requests: 2},
		"the first mirror is too short":  {mirrors: []handler{serveFewer, serveWell}, requests: 2},
		"the first mirror is too long":   {mirrors: []handler{serveMore, serveWell}, requests: 2},
		"two of three mirrors are down":  {mirrors: []handler{serveDown, serveDown, serveWell}, requests: 3},
		"the connection breaks":          {mirrors: []handler{cutAfter(30_000, 1)}, requests: 2},
		"the connection breaks 11 times": {mirrors: []handler{cutAfter(9_000, 11)}, requests: 12},
		"the connection breaks at once":  {mirrors: []handler{cutAfter(1, 1000), serveWell}, requests: 2},
		"a part is resumed":              {[]handler{serveWell}, upTo(60_000), 1, 1},
		"a part is resumed elsewhere":    {[]handler{serveDown, serveWell}, upTo(60_000), 2, 2},
		"a server without ranges":        {[]handler{serveWithoutRanges}, upTo(60_000), 1, 1},
		"a server with other ranges":     {[]handler{serveOtherRange, serveWell}, upTo(60_000), 2, 2},
		"the part is whole":              {[]handler{serveWell}, upTo(100_000), 0, 1},
		"the part is too long":           {[]handler{serveWell}, func(c []byte) []byte { return append(c[:len(c):len(c)], 1) }, 1, 2},
		"the part is of another file":    {[]handler{serveWell}, func([]byte) []byte { return make([]byte, 60_000) }, 2, 2},
	} {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, size known %t", name, known), func(t *testing.T) {
				m := newMirrors(t, tc.mirrors...)
				want := tc.requests
				if !known {
					m.file.Size, m.file.Limit = 0, 100_000
					want = max(want, tc.unknownSize)
				}
				if tc.part != nil {
					m.leave(t, tc.part(m.content))
				}
				require.NoError(t, m.fetch(t))
				m.requireFetched(t)
				require.Equal(t, want, m.requests.Load())
			})
		}
	}
}

// upTo returns a function that returns the first n bytes of a file.
func upTo(n int) func(content []byte) []byte {
	return func(content []byte) []byte { return content[:n] }
}

// Wherever a transfer was cut, resuming it gives the same file.
func TestFetchResumesAnywhere(t *testing.T) {
	m := newMirrors(t, serveWell)
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, len(m.content)).Draw(r, "bytes that are there")
		require.NoError(r, os.RemoveAll(m.file.Path))
		m.leave(t, m.content[:n])
		require.NoError(r, m.fetch(t))
		m.requireFetched(t)
	})
}

func TestFetchGivesUp(t *testing.T) {
	for name, tc := range map[string]struct {
		mirror handler
		is     error
		want   string
	}{
		"wrong checksum":         {serveWrong, ErrWrongContent, "checksum mismatch: SHA-256 "},
		"not found":              {func(_ *mirrors, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, ErrUnreachable, `it answered "404 Not Found"`},
		"too large":              {serveMore, ErrWrongContent, "it is larger than 100000 bytes"},
		"endless":                {serveEndlessly, ErrWrongContent, "it is larger than 100000 bytes"},
		"too small":              {serveFewer, ErrWrongContent, "it offers 50000 bytes, published are 100000"},
		"announces another size": {serveHuge, ErrWrongContent, "it offers 5000000000 bytes, published are 100000"},
		"leaves TLS":             {redirectTo("http"), ErrNotTLS, "redirected to http://127.0.0.1:"},
		"redirects in a circle":  {redirectTo("https"), ErrUnreachable, "redirected more than 5 times"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMirrors(t, tc.mirror)
			err := m.fetch(t)
			require.ErrorIs(t, err, ErrUnreachable)
			require.ErrorIs(t, err, tc.is)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "download data.bin: no mirror delivered the file: tried 127.0.0.1:")
			require.ErrorContains(t, err, "put the file into "+filepath.Dir(m.file.Path)+" by hand")
			require.NotContains(t, err.Error(), "\n")
			require.NoFileExists(t, m.file.Path)
			require.NoFileExists(t, m.file.Path+partSuffix, "wrong content was kept")
		})
	}
}

func TestFetchNamesEveryMirror(t *testing.T) {
	m := newMirrors(t, serveDown, serveWrong)
	m.file.Mirrors = append(m.file.Mirrors, "https://mirror.invalid/data.bin")
	m.client.Transport = failing{m.client.Transport}
	err := m.fetch(t)
	require.ErrorIs(t, err, ErrWrongContent)
	require.Regexp(t, `: tried 127\.0\.0\.1:\d+ \(it answered "503 Service Unavailable"\), `+
		`127\.0\.0\.1:\d+ \(not the published file: checksum mismatch: .*\), mirror\.invalid \(no such host\); retry later`, err.Error())
}

// failing is a transport that knows no host called mirror.invalid.
type failing struct{ http.RoundTripper }

// RoundTrip fails for the unknown host.
func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "mirror.invalid" {
		return nil, errors.New("no such host")
	}
	return f.RoundTripper.RoundTrip(r)
}

// If the size is not known, the limit applies to the announced size and to the bytes.
func TestFetchKeepsToTheLimit(t *testing.T) {
	for name, tc := range map[string]struct {
		mirror handler
		want   string
	}{
		"announced":     {serveHuge, "it offers 5000000000 bytes, at most 100000 are accepted"},
		"not announced": {serveEndlessly, "it is larger than 100000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMirrors(t, tc.mirror)
			m.file.Size, m.file.Limit = 0, 100_000
			err := m.fetch(t)
			require.ErrorIs(t, err, ErrWrongContent)
			require.ErrorContains(t, err, tc.want)
			require.NoFileExists(t, m.file.Path+partSuffix)
		})
	}
}

func TestFetchKeepsWhatCameForTheNextCall(t *testing.T) {
	m := newMirrors(t, func(m *mirrors, w http.ResponseWriter, r *http.Request) {
		switch m.requests.Load() {
		case 1:
			cutAfter(60_000, 1)(m, w, r)
		case 2, 3, 4:
			serveHeader(m, w, r)
		default:
			serveWell(m, w, r)
		}
	})
	var retried []string
	m.client.Retrying = func(host string, reason error) { retried = append(retried, fmt.Sprintf("%s: %v", host, reason)) }
	require.ErrorIs(t, m.fetch(t), ErrUnreachable)
	require.Len(t, retried, 2)
	require.Regexp(t, `^127\.0\.0\.1:\d+: after \d+ of 100000 bytes: unexpected EOF$`, retried[0])
	require.NoFileExists(t, m.file.Path, "a part was taken for the whole")
	require.FileExists(t, m.file.Path+partSuffix)
	require.NoError(t, m.fetch(t))
	m.requireFetched(t)
}

func TestFetchWithoutNetwork(t *testing.T) {
	m := newMirrors(t, serveWell, serveWell)
	m.server.Close()
	err := m.fetch(t)
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "connection refused")
}

func TestFetchRefusesPlainHTTP(t *testing.T) {
	m := newMirrors(t, serveWell)
	m.file.Mirrors = []string{"http://127.0.0.1:1/data.bin"}
	require.ErrorIs(t, m.fetch(t), ErrNotTLS)
	require.Zero(t, m.requests.Load())
}

// A server without a trusted certificate receives no request.
func TestFetchChecksTheCertificate(t *testing.T) {
	m := newMirrors(t, serveWell)
	m.client.Transport = New().Transport
	require.ErrorContains(t, m.fetch(t), "certificate")
	require.NoFileExists(t, m.file.Path)
	require.Zero(t, m.requests.Load())
}

func TestFetchReportsWhatCannotBeWritten(t *testing.T) {
	m := newMirrors(t, serveWell, serveWell)
	m.file.Path = filepath.Join(filepath.Dir(m.file.Path), "missing", "data.bin")
	err := m.fetch(t)
	require.NotErrorIs(t, err, ErrUnreachable)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualValues(t, 1, m.requests.Load(), "another mirror was asked for what cannot be written")
}

func TestFetchStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := newMirrors(t, func(_ *mirrors, _ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}, serveWell)
	require.ErrorIs(t, m.client.Fetch(ctx, m.file), context.Canceled)
	require.EqualValues(t, 1, m.requests.Load())
}

func TestFetchStopsWhilePausing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	m := newMirrors(t, serveHeader)
	m.client.Pause = 1 << 40
	m.client.Retrying = func(string, error) { cancel() }
	require.ErrorIs(t, m.client.Fetch(ctx, m.file), context.Canceled)
}
