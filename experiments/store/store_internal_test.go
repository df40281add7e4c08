package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpenStoreRefusesWhatItCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, FileMode))
	for name, dir := range map[string]string{"a file": file, "below a file": filepath.Join(file, "runs")} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(dir)
			require.ErrorIs(t, err, ErrStore)
			require.ErrorContains(t, err, dir)
		})
	}
}
