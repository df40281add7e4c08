package cli

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
)

func TestDamagedCacheAndCensusAreReported(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))))
	for _, class := range []string{"a", "b"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, class), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, class, "1.png"), picture.Bytes(), 0o600))
	}
	var messages bytes.Buffer
	load := loading(&IOStreams{ErrOut: &messages})
	src := datasets.Source{Name: datasets.Folder, Path: dir, CacheDir: cache}
	first, err := load(context.Background(), src)
	require.NoError(t, err)
	require.Regexp(t, "^folder: 2 files seen, 2 read; .*\n$", messages.String())

	files, err := filepath.Glob(filepath.Join(cache, "*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, os.Truncate(files[0], 100))
	second, err := load(context.Background(), src)
	require.NoError(t, err)
	require.Equal(t, first.Checksum, second.Checksum)
	require.Equal(t, 1, strings.Count(messages.String(), "2 files seen"), "a set is told of once")
	require.Contains(t, messages.String(), "was damaged; they were decoded anew: "+files[0])
}
