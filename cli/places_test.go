package cli

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/streams"
)

// All files of a run lie in the directories that were given for them and nowhere else,
// with the permissions that the user's files have.
func TestFilesLieWhereTheyBelong(t *testing.T) {
	elsewhere := map[string]string{"here": t.TempDir(), "home": t.TempDir(), "temporary": t.TempDir()}
	cache, out, images := t.TempDir(), t.TempDir(), t.TempDir()
	t.Chdir(elsewhere["here"])
	t.Setenv("HOME", elsewhere["home"])
	t.Setenv("TMPDIR", elsewhere["temporary"])
	t.Setenv("XDG_CACHE_HOME", cache)
	noise := streams.New(1, "images")
	for i := range 200 {
		picture := image.NewGray(image.Rect(0, 0, 12, 12))
		for at := range picture.Pix {
			picture.Pix[at] = uint8(noise.IntN(256))
		}
		path := filepath.Join(images, []string{"cat", "dog"}[i%2], fmt.Sprintf("%d.png", i))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		file, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, png.Encode(file, picture))
		require.NoError(t, file.Close())
	}

	opts, store, _, _ := runOptions(t, "data.name=folder", "data.path="+images, "pool.size=200", "attackers.label=cat")
	opts.TensorBoard = filepath.Join(out, "events")
	require.NoError(t, runSweep(context.Background(), opts))

	written := 0
	probe := filepath.Join(out, "probe")
	require.NoError(t, os.WriteFile(probe, nil, 0o644))
	require.NoError(t, os.Mkdir(probe+"s", 0o755))
	modes := map[bool]fs.FileMode{}
	for _, path := range []string{probe, probe + "s"} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		modes[info.IsDir()] = info.Mode().Perm()
	}
	for _, root := range []string{store, opts.TensorBoard, filepath.Join(cache, "backfire")} {
		require.DirExists(t, root)
		require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			require.NoError(t, err)
			info, err := entry.Info()
			require.NoError(t, err)
			require.True(t, info.IsDir() || info.Mode().IsRegular(), path)
			require.Equal(t, modes[info.IsDir()], info.Mode().Perm(), path)
			written++
			return nil
		}))
	}
	require.Greater(t, written, 20)
	for name, dir := range elsewhere {
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Empty(t, entries, "%s: %v", name, entries)
	}
}
