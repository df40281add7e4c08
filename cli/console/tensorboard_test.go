package console

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBoardThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	b := NewBoard(file, nil)
	for _, e := range epochs(1, 2, 1) {
		b.Observe(e)
	}
	require.ErrorContains(t, b.Close(), "write event files")
	require.Nil(t, NewBoard("", nil))
	require.NoError(t, NewBoard("", nil).Close())
}

func TestBoardName(t *testing.T) {
	require.Equal(t, "p-0.2-seed-1-N-5-cutmix-0123abcd", boardName("0123abcdef", "p = 0.2, seed 1: N = 5, cutmix"))
	require.Equal(t, "0123abcd", boardName("0123abcdef", "…"))
	require.NotEqual(t, boardName("a", "N = 1"), boardName("b", "N = 1"))
}
