package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/report/page"
)

// fake is a source whose runs a test sets.
type fake struct {
	mutex sync.Mutex
	all   []Run
	made  int
	err   error
}

func (f *fake) Runs(context.Context) ([]Run, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return append([]Run{}, f.all...), f.err
}

func (f *fake) Page(_ context.Context, hash string) (*page.Page, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.made++
	if hash == "empty" {
		return nil, page.ErrEmpty
	}
	return &page.Page{Title: fmt.Sprintf("page %d of %s", f.made, hash)}, nil
}

func (f *fake) set(change func()) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	change()
}

// started starts a server of two runs.
func started(t *testing.T, opt Options) (*fake, *httptest.Server) {
	t.Helper()
	source := &fake{all: []Run{
		{Hash: "abc", State: "complete", Headline: "N = 1, 2: <ASR>", Command: "backfire run", Version: "1"},
		{Hash: "empty", State: "unfinished\x1b[2J", Command: "backfire sweep", Version: "1"},
	}}
	opt.Every = time.Millisecond
	handler, err := New(source, opt)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return source, server
}

// ask sends a request with other fields and returns the answer's code and body.
func ask(t *testing.T, method, address string, change func(*http.Request)) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	require.NoError(t, err)
	if change != nil {
		change(request)
	}
	answer, err := http.DefaultTransport.RoundTrip(request) // follows nothing
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	var body strings.Builder
	_, err = bufio.NewReader(answer.Body).WriteTo(&body)
	require.NoError(t, err)
	return answer.StatusCode, body.String(), answer.Header
}

func TestPages(t *testing.T) {
	source, server := started(t, Options{Loopback: true})
	code, body, head := ask(t, http.MethodGet, server.URL+"/", nil)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `<a href="/run/abc">N = 1, 2: &lt;ASR&gt;</a>`)
	require.NotContains(t, body, "\x1b")
	require.Contains(t, head.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	require.Equal(t, "nosniff", head.Get("X-Content-Type-Options"))

	code, body, _ = ask(t, http.MethodGet, server.URL+"/run/abc", nil)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, "page 1 of abc")
	require.Contains(t, body, `data-events="/events/abc" data-version="1"`)
	_, body, _ = ask(t, http.MethodGet, server.URL+"/run/abc", nil)
	require.Contains(t, body, "page 1 of abc", "a version is made once")
	source.set(func() { source.all[0].Version = "2" })
	require.Eventually(t, func() bool {
		_, body, _ = ask(t, http.MethodGet, server.URL+"/run/abc", nil)
		return strings.Contains(body, "page 2 of abc")
	}, time.Minute, time.Millisecond)
	_, body, _ = ask(t, http.MethodGet, server.URL+"/run/empty", nil)
	require.Contains(t, body, "No game has all of its models yet.")
}

// Only the server's own pages are answered, nothing can be changed, and no file can be named.
func TestRequestsThatAreRefused(t *testing.T) {
	_, server := started(t, Options{Loopback: true})
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	origin := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("Origin", name) } }
	for _, c := range []struct {
		method, path string
		change       func(*http.Request)
		code         int
	}{
		{http.MethodGet, "/", host("localhost:1"), http.StatusOK},
		{http.MethodGet, "/", host("[::1]:80"), http.StatusOK},
		{http.MethodGet, "/", origin(server.URL), http.StatusOK},
		{http.MethodHead, "/", nil, http.StatusOK},
		{http.MethodGet, "/", host("evil.example"), http.StatusMisdirectedRequest},
		{http.MethodGet, "/", host("127.0.0.1.evil.example:80"), http.StatusMisdirectedRequest},
		{http.MethodGet, "/events", host("10.0.0.1"), http.StatusMisdirectedRequest},
		{http.MethodGet, "/events", origin("http://evil.example"), http.StatusForbidden},
		{http.MethodGet, "/", origin("null"), http.StatusForbidden},
		{http.MethodPost, "/", nil, http.StatusMethodNotAllowed},
		{http.MethodPut, "/run/abc", nil, http.StatusMethodNotAllowed},
		{http.MethodDelete, "/run/abc", nil, http.StatusMethodNotAllowed},
		{http.MethodGet, "/run/other", nil, http.StatusNotFound},
		{http.MethodGet, "/events/other", nil, http.StatusNotFound},
		{http.MethodGet, "/run/..%2f..%2fetc%2fpasswd", nil, http.StatusNotFound},
		{http.MethodGet, "/run/%2e%2e", nil, http.StatusNotFound},
		{http.MethodGet, "/serve.go", nil, http.StatusNotFound},
		{http.MethodGet, "/plans/abc/sweep.json", nil, http.StatusNotFound},
	} {
		code, _, _ := ask(t, c.method, server.URL+c.path, c.change)
		require.Equal(t, c.code, code, "%s %s", c.method, c.path)
	}
}

// A server that others reach takes its addresses and its names, and no other name.
func TestHostsOfAPublicServer(t *testing.T) {
	_, server := started(t, Options{Hosts: []string{"lab"}})
	for host, code := range map[string]int{"lab:80": 200, "10.0.0.1": 200, "[fe80::1]:80": 200, "evil.example": 421, "localhost": 421} {
		got, _, _ := ask(t, http.MethodGet, server.URL+"/", func(r *http.Request) { r.Host = host })
		require.Equal(t, code, got, host)
	}
}

// A page is told of each change once, and goes on being told after the store could not be read.
func TestEvents(t *testing.T) {
	source, server := started(t, Options{Loopback: true})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events/abc", nil)
	require.NoError(t, err)
	answer, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	lines := bufio.NewScanner(answer.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return ""
	}
	require.JSONEq(t, `{"version": "1", "state": "complete"}`, next())
	source.set(func() { source.err = errors.New("gone") })
	source.set(func() { source.err = nil; source.all[0].Version, source.all[0].State = "2", "1 model missing" })
	require.JSONEq(t, `{"version": "2", "state": "1 model missing"}`, next())
	source.set(func() { source.all = source.all[1:] })
	require.Equal(t, "over", next(), "the run has gone, as a step of a search does when the next begins")
	require.Empty(t, next(), "its stream has ended")
}

func TestErrorsOfTheStore(t *testing.T) {
	source, server := started(t, Options{Loopback: true})
	source.set(func() { source.err = errors.New("the disk\nis gone") })
	for _, path := range []string{"/", "/run/abc", "/events"} {
		require.Eventually(t, func() bool {
			code, body, _ := ask(t, http.MethodGet, server.URL+path, nil)
			return code == http.StatusInternalServerError && strings.Contains(body, "the disk")
		}, time.Minute, time.Millisecond, path)
	}
}
