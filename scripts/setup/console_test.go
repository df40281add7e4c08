package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// testConsole returns a console that is not a terminal, and its output.
func testConsole() (console, *bytes.Buffer) {
	var said bytes.Buffer
	return console{out: &said}, &said
}

func TestPercentLinesShowEachTenthOnce(t *testing.T) {
	c, said := testConsole()
	progress, finish := c.bytesProgress("torch.whl")
	for done := int64(25_000_000); done <= 100_000_000; done += 1_000_000 {
		progress(done, 100_000_000)
	}
	finish()
	require.Equal(t, `  torch.whl: 20 % of 100 MB
  torch.whl: 30 % of 100 MB
  torch.whl: 40 % of 100 MB
  torch.whl: 50 % of 100 MB
  torch.whl: 60 % of 100 MB
  torch.whl: 70 % of 100 MB
  torch.whl: 80 % of 100 MB
  torch.whl: 90 % of 100 MB
  torch.whl: 100 % of 100 MB
`, said.String())
}

func TestProgressOfUnknownSizeIsSilentInALog(t *testing.T) {
	c, said := testConsole()
	progress, finish := c.bytesProgress("torch.whl")
	progress(1_000_000, -1)
	finish()
	require.Empty(t, said.String())
}

func TestProgressOnATerminalIsABar(t *testing.T) {
	var shown bytes.Buffer
	progress, finish := console{out: &shown, terminal: true}.bytesProgress("torch.whl")
	finish() // without any progress there is no bar to end
	require.Empty(t, shown.String())
	progress(25_000_000, 100_000_000)
	finish()
	require.Contains(t, shown.String(), "torch.whl")
	require.Contains(t, shown.String(), "25%")
}
