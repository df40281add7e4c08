package datasets

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// zeros returns a gzip stream of a beginning and 80 MiB of zeros.
func zeros(t *testing.T, begin []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(begin)
	require.NoError(t, err)
	block := make([]byte, 1<<20)
	for range 80 {
		_, err := z.Write(block)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return out.Bytes()
}

// Small files that become large ones are refused before they are large, whatever their
// headers announce and however often they are compressed.
func TestDecompressionBombs(t *testing.T) {
	const images = uncheckedBytes/(MaxSide*MaxSide) + 40
	black := greyPNG(t, MaxSide, MaxSide, 0)
	require.Less(t, len(black), MaxSide*MaxSide/MaxGrowth)
	var pictures []tarEntry
	for i := range images {
		pictures = append(pictures, tarEntry{name: fmt.Sprintf("a/%d.png", i), data: black})
	}
	tarred := tarFile(t, pictures...)
	packed := gzipped(t, tarred)
	require.Less(t, len(packed), 10_000)
	header := tarFile(t, tarEntry{name: "readme", data: make([]byte, 1<<20)})[:512]
	copy(header[124:], "77777777777\x00") // 8 GiB
	copy(header[148:], "        ")
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[148:], fmt.Sprintf("%06o\x00 ", sum))

	for name, tc := range map[string]struct {
		file  string
		data  []byte
		large uint64 // the number of bytes that may be allocated in all
	}{
		"IDX":                   {trainImages + ".gz", zeros(t, idxFile(nil, 1_000_000, 28, 28)), 4 * uncheckedBytes},
		"labels":                {trainLabels + ".gz", zeros(t, idxFile(nil, 1<<23)), uncheckedBytes},
		"file in an archive":    {"x.tar.gz", zeros(t, header), 1 << 20},
		"pictures in archive":   {"x.tar", tarred, 3 * uncheckedBytes},
		"packed twice":          {"x.tar.gz", packed, 3 * uncheckedBytes},
		"an archive of nothing": {"x.tar.gz", zeros(t, nil), 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := write(t, tc.data, dir, tc.file)
			if strings.HasPrefix(tc.file, trainLabels) {
				write(t, idxFile(ramp(4), 1, 2, 2), dir, trainImages)
			}
			if !isArchive(tc.file) {
				path = dir
			}
			source := Source{Name: Folder, Path: path, Split: SplitTrain, CacheDir: t.TempDir()}
			if isArchive(tc.file) {
				source.Split = SplitAll
			}
			var err error
			allocated := measure(func() { _, err = loadSource(t, source) })
			require.ErrorIs(t, err, ErrCorrupt)
			t.Logf("%d bytes, %d MiB allocated: %v", len(tc.data), allocated>>20, err)
			require.Less(t, allocated, tc.large+uncheckedBytes/4)
		})
	}
}

// Entries that need memory by their number or by their names are limited, too.
func TestArchivesOfNames(t *testing.T) {
	var dirs []tarEntry
	for i := range MaxDirs + 1 {
		dirs = append(dirs, tarEntry{name: fmt.Sprintf("%d/", i), kind: tar.TypeDir})
	}
	_, err := readAll(t, dirs)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "more than 65536 directories")
	_, err = readAll(t, []tarEntry{{name: strings.Repeat("a/", MaxPath), kind: tar.TypeDir}})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "a path of 8192 bytes")
}

// Devices and pipes, from which reading never ends or blocks, are refused.
func TestDevicesAreNoData(t *testing.T) {
	const endless = "/dev/zero"
	if _, err := os.Stat(endless); err != nil {
		t.Skip("there is no " + endless)
	}
	_, err := loadSource(t, Source{Name: Folder, Path: endless})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "neither a directory nor a regular file")
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "a"), 0o755))
	require.NoError(t, os.Symlink(endless, filepath.Join(dir, "a", "1.png")))
	_, err = loadSource(t, Source{Name: Folder, Path: dir})
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "a/1.png: a link that leads out of the directory")
	for _, kind := range []uint32{syscall.S_IFIFO, syscall.S_IFSOCK} {
		require.NoError(t, os.Remove(filepath.Join(dir, "a", "1.png")))
		require.NoError(t, syscall.Mknod(filepath.Join(dir, "a", "1.png"), kind|0o644, 0))
		_, err = loadSource(t, Source{Name: Folder, Path: dir})
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "1.png is not a regular file")
	}
}
