package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// testConsole returns a console that is no terminal, and what it says.
func testConsole() (console, *bytes.Buffer) {
	var said bytes.Buffer
	return console{out: &said}, &said
}

func TestPercentLinesSayEachTenthOnce(t *testing.T) {
	c, said := testConsole()
	w, finish := c.bytesProgress("torch.whl", 25<<20, 100<<20)
	for range 75 {
		n, err := w.Write(make([]byte, 1<<20))
		require.NoError(t, err)
		require.Equal(t, 1<<20, n)
	}
	finish()
	require.Equal(t, `  torch.whl: 20 % of 100 MiB
  torch.whl: 30 % of 100 MiB
  torch.whl: 40 % of 100 MiB
  torch.whl: 50 % of 100 MiB
  torch.whl: 60 % of 100 MiB
  torch.whl: 70 % of 100 MiB
  torch.whl: 80 % of 100 MiB
  torch.whl: 90 % of 100 MiB
  torch.whl: 100 % of 100 MiB
`, said.String())
}
