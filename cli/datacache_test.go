package cli

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
)

func TestDataCacheListsAndClears(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	code, out, errOut := runMain(t, "data", "cache", "--cache-dir", cache)
	require.Equal(t, ExitOK, code, errOut)
	require.Equal(t, "The cache of decoded images is empty.\n", out)

	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))))
	for _, class := range []string{"a", "b"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, class), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, class, "1.png"), picture.Bytes(), 0o600))
	}
	_, err := datasets.Load(context.Background(), datasets.Source{Name: datasets.Folder, Path: dir, CacheDir: cache})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(cache, "notes.txt"), nil, 0o600))

	code, out, errOut = runMain(t, "data", "cache", "--cache-dir", cache)
	require.Equal(t, ExitOK, code, errOut)
	require.Regexp(t, `(?m)^folder +\S+ +2 +1 x 8 x 8 +[\d.]+ kB +\d{4}-\d\d-\d\d \d\d:\d\d +`+dir, out)
	require.Contains(t, out, "1 file, ")

	code, out, errOut = runMain(t, "data", "cache", "--cache-dir", cache, "--clear")
	require.Equal(t, ExitOK, code, errOut)
	require.Regexp(t, `^1 file deleted, [\d.]+ kB\n$`, out)
	require.FileExists(t, filepath.Join(cache, "notes.txt"), "files of others stay")
	sets, err := datasets.ListDecoded(cache)
	require.NoError(t, err)
	require.Empty(t, sets)
}
