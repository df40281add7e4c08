package main

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// entry is one file of a test archive.
type entry struct {
	name, text string
	mode       fs.FileMode
}

// writeZip writes a zip archive into a new directory and returns its path.
func writeZip(t *testing.T, entries ...entry) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "test.zip")
	f, err := os.Create(file)
	require.NoError(t, err)
	w := zip.NewWriter(f)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode)
		out, err := w.CreateHeader(h)
		require.NoError(t, err)
		_, err = out.Write([]byte(e.text))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, f.Close())
	return file
}

// everything chooses all entries, under their own names.
func everything(name string) string { return name }

func TestUnpackTakesWhatIsChosen(t *testing.T) {
	file := writeZip(t,
		entry{"torch/include/ATen/ATen.h", "// a", 0o644},
		entry{"torch/lib/libtorch_cpu.so", "cpu", 0o755},
		entry{"torch/lib/libtorch_cuda.so", "cuda", 0o755},
		entry{"torch/lib/libgomp.so.1", "omp", 0o755},
		entry{"torch/nn/modules/linear.py", "pass", 0o644},
		entry{"nvidia/cu13/lib/libcupti.so.13", "cupti", 0o755},
		entry{"nvidia/cu13/lib/libcheckpoint.so", "no", 0o755},
		entry{"torch-2.11.0.dist-info/licenses/LICENSE", "BSD", 0o644},
		entry{"torch-2.11.0.dist-info/RECORD", "list", 0o644},
	)
	tests := []struct {
		name   string
		choose func(string) string
		want   []string
	}{
		{"cpu", chooseCPU, []string{
			"include/ATen/ATen.h", "lib/libcupti.so.13", "lib/libgomp.so.1", "lib/libtorch_cpu.so", "licences/torch-2.11.0/LICENSE",
		}},
		{"cuda", chooseCUDA, []string{
			"licences/torch-2.11.0/LICENSE", "nvidia/cu13/lib/libcheckpoint.so", "nvidia/cu13/lib/libcupti.so.13",
			"torch/include/ATen/ATen.h", "torch/lib/libgomp.so.1", "torch/lib/libtorch_cpu.so", "torch/lib/libtorch_cuda.so",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, unpack(file, dir, test.choose))
			require.Equal(t, test.want, filesIn(t, dir))
		})
	}
}

func TestUnpackRefusesUnsafeArchives(t *testing.T) {
	tests := []struct {
		name string
		bad  entry
	}{
		{"parent directory", entry{"../escaped", "x", 0o644}},
		{"parent directory inside", entry{"lib/../../escaped", "x", 0o644}},
		{"absolute", entry{"/escaped", "x", 0o644}},
		{"symbolic link", entry{"lib/link", "/etc", 0o777 | fs.ModeSymlink}},
		{"device", entry{"lib/device", "", 0o644 | fs.ModeDevice}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := writeZip(t, entry{"good", "x", 0o644}, test.bad)
			parent := t.TempDir()
			dir := filepath.Join(parent, "in")
			require.NoError(t, os.Mkdir(dir, 0o755))
			require.ErrorIs(t, unpack(file, dir, everything), errUnsafe)
			require.Empty(t, filesIn(t, parent), "something was written")
		})
	}
}

func TestUnpackDoesNotFollowLinksInTheDirectory(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "lib")))
	require.Error(t, unpack(writeZip(t, entry{"lib/x", "x", 0o644}), dir, everything))
	require.Empty(t, filesIn(t, outside))
}

func TestUnpackRefusesADamagedArchive(t *testing.T) {
	file := writeZip(t, entry{"a", "some text that is long enough to be hit", 0o644})
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	data[40] ^= 0xff // inside the compressed text
	require.NoError(t, os.WriteFile(file, data, 0o644))
	require.Error(t, unpack(file, t.TempDir(), everything))

	require.NoError(t, os.WriteFile(file, data[:len(data)/2], 0o644))
	require.ErrorContains(t, unpack(file, t.TempDir(), everything), "opening test.zip")
}

// filesIn returns the paths of the files under dir, in order.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, p)
		}
		return err
	}))
	return names
}
