package download

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A server that stops sending without closing is given up. The clock is virtual,
// since on a slow machine any server seems to stop.
func TestFetchStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMirrors(t, serveWell)
		m.server.Close() // a real connection would not keep to the virtual clock
		m.client.Transport = silentServer(m.content[:1000])
		begin := time.Now()
		err := m.fetch(t)
		require.ErrorIs(t, err, ErrUnreachable)
		require.NotErrorIs(t, err, context.Canceled, "a stall looks like an interruption by the user")
		require.ErrorContains(t, err, "after 1000 of 100000 bytes: no bytes for 30s")
		require.GreaterOrEqual(t, time.Since(begin), stallTimeout)
		require.FileExists(t, m.file.Path+partSuffix)
	})
}

// silentServer answers every request with some bytes of a file of 100,000, and
// sends no more.
type silentServer []byte

// RoundTrip returns an answer whose body ends only with the request's context.
func (s silentServer) RoundTrip(r *http.Request) (*http.Response, error) {
	body, rest := io.Pipe()
	go func() {
		_, _ = rest.Write(s)
		<-r.Context().Done()
		_ = rest.CloseWithError(r.Context().Err())
	}()
	return &http.Response{StatusCode: http.StatusOK, ContentLength: 100_000, Body: body, Request: r}, nil
}
