package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"backfire/internal/visible"
)

// On a terminal of 60 columns no line of a list or of a table is longer, and nothing is left out.
func TestTablesFitTheTerminal(t *testing.T) {
	rows := [][]string{{"RUN", "COMMAND", "RESULT"}, {"abc", "backfire run --set " + strings.Repeat("x=1 ", 30), "ASR 5 %"}, {"def", "short", ""}}
	var out bytes.Buffer
	narrow := &terminal{visible.NewWriter(&out), leastWidth}
	require.NoError(t, writeTable(narrow, rows))
	require.NoError(t, narrow.Flush())
	requireWidth(t, out.String(), leastWidth)
	require.Contains(t, out.String(), "abc\n  command: backfire run")
	require.Contains(t, out.String(), "  result: ASR 5 %\ndef\n  command: short\n")
	require.Equal(t, 30, strings.Count(out.String(), "x=1"))
	out.Reset()
	require.NoError(t, writeTable(&out, rows))
	require.Contains(t, out.String(), "RUN  COMMAND", "in a file or a pipe lines are as long as they are")
}

func TestRunFitsTheTerminal(t *testing.T) {
	opts, _, _, _ := runOptions(t, "attackers.counts=1,2,3", "attackers.singles=0")
	var out bytes.Buffer
	narrow := &terminal{visible.NewWriter(&out), leastWidth}
	opts.IO.Out = narrow
	require.NoError(t, runSweep(context.Background(), opts))
	require.NoError(t, narrow.Flush())
	text, _, found := strings.Cut(out.String(), "\nThis table as files:") // paths are as long as they are
	require.True(t, found)
	requireWidth(t, text, leastWidth)
	for _, head := range []string{"acc.", "ASR mean ± std", "base rate", "robust."} {
		require.Contains(t, text, head)
	}
}

// requireWidth fails for a text with a longer line.
func requireWidth(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, "%s", line)
	}
}
