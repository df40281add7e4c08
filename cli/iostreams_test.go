package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testStreams returns streams without terminals and an empty environment, with
// the buffers behind Out and ErrOut.
func testStreams() (streams *IOStreams, out, errOut *bytes.Buffer) {
	out, errOut = new(bytes.Buffer), new(bytes.Buffer)
	return &IOStreams{In: strings.NewReader(""), Out: out, ErrOut: errOut}, out, errOut
}

// runMain runs the whole program and returns its exit code and what it printed.
func runMain(t *testing.T, args ...string) (code int, out, errOut string) {
	t.Helper()
	streams, stdout, stderr := testStreams()
	code = Main(context.Background(), args, streams)
	return code, stdout.String(), stderr.String()
}

func TestSystemIO(t *testing.T) {
	t.Setenv("BACKFIRE_SEED", "7")
	streams := SystemIO()
	require.Contains(t, streams.Environ, "BACKFIRE_SEED=7")
	require.NotNil(t, streams.In)
	require.NotNil(t, streams.Out)
	require.NotNil(t, streams.ErrOut)
}

func TestControlCharactersAreVisible(t *testing.T) {
	require.Equal(t, `N = 2 ± é of a\x1b[2Jb: no\n, a\u202e; b`,
		shownf("N = %d ± é of %s: %v", 2, "a\x1b[2Jb", errors.Join(errors.New("no\n, a\u202e"), errors.New("b"))))
	var out bytes.Buffer
	require.NoError(t, writeTable(&out, [][]string{{"a\tb", "c"}, {"d", "e"}}))
	require.Equal(t, "a\\tb  c\nd     e\n", out.String())
}

func TestDumbTerminalsGetPlainLines(t *testing.T) {
	for kind, moves := range map[string]bool{"dumb": false, "xterm-256color": true, "": true} {
		require.Equal(t, moves, movesCursor(kind), kind)
	}
}
