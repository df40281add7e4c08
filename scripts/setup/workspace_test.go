package main

import (
	"go/format"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClonedFiles(t *testing.T) {
	for name, l := range map[string]libtorch{"cpu": testCPU, "cuda": testCUDA} {
		s := stamp{Go: "1.26.0", Libtorch: l, Gotch: "/cache/gotch-0.9.1-0123456789ab"}
		files := s.cloneFiles()
		require.Len(t, files, 2)
		requireGolden(t, "work-"+name, files[workFile])
		requireGolden(t, "flags-"+name, files[flagsFile])

		formatted, err := format.Source([]byte(files[flagsFile]))
		require.NoError(t, err)
		require.Equal(t, string(formatted), files[flagsFile])
	}
}

func TestWriteFilesLeavesEqualOnesAlone(t *testing.T) {
	root := t.TempDir()
	s := stamp{Libtorch: testCPU, Gotch: "/cache/gotch"}
	require.NoError(t, s.writeFiles(root))
	before, err := os.Stat(filepath.Join(root, flagsFile))
	require.NoError(t, err)
	require.NoError(t, s.writeFiles(root))
	after, err := os.Stat(filepath.Join(root, flagsFile))
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after), "an equal file was replaced, and Go would recompile")

	s.Libtorch = testCUDA
	require.NoError(t, s.writeFiles(root))
	text, err := os.ReadFile(filepath.Join(root, flagsFile))
	require.NoError(t, err)
	require.Equal(t, testCUDA.goFlags(), string(text))
}

// readyClone makes a clone whose last set-up is complete, and returns settings that leave everything open.
func readyClone(t *testing.T, from origin) (settings, stamp) {
	t.Helper()
	root, cache := t.TempDir(), t.TempDir()
	l := testCPU
	l.Lib = filepath.Join(cache, "libtorch", "lib")
	st := stamp{Recipe: recipe, Go: "1.26.0", Cache: cache, Origin: from, Libtorch: l, Gotch: filepath.Join(cache, "gotch")}
	if from == originGiven {
		st.Given = l.Dir
	}
	require.NoError(t, os.MkdirAll(st.Gotch, 0o755))
	require.NoError(t, os.MkdirAll(l.Lib, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(l.Lib, "libtorch_cpu.so"), nil, 0o644))
	require.NoError(t, st.writeFiles(root))
	require.NoError(t, st.write(root))
	return settings{root: root, goVersion: "1.26.0", cache: cache}, st
}

func TestCheckReady(t *testing.T) {
	tests := []struct {
		name  string
		from  origin
		alter func(t *testing.T, s *settings, st stamp)
		ready bool
	}{
		{"as it was", originCache, func(*testing.T, *settings, stamp) {}, true},
		{"the same variant", originCache, func(_ *testing.T, s *settings, _ stamp) { s.variant = variantCPU }, true},
		{"the same cache", originCache, func(_ *testing.T, s *settings, _ stamp) { s.cacheExplicit = true }, true},
		{"the same LIBTORCH", originGiven, func(_ *testing.T, s *settings, st stamp) { s.libtorch = st.Given }, true},
		{"LIBTORCH of the last time", originGiven, func(*testing.T, *settings, stamp) {}, true},
		{"the same PyTorch", originPyTorch, func(_ *testing.T, s *settings, _ stamp) { s.usePyTorch = true }, true},

		{"another variant", originCache, func(_ *testing.T, s *settings, _ stamp) { s.variant = variantCUDA }, false},
		{"another cache", originCache, func(_ *testing.T, s *settings, _ stamp) { s.cacheExplicit, s.cache = true, "/elsewhere" }, false},
		{"a LIBTORCH", originCache, func(_ *testing.T, s *settings, _ stamp) { s.libtorch = "/libtorch" }, false},
		{"another LIBTORCH", originGiven, func(_ *testing.T, s *settings, _ stamp) { s.libtorch = "/libtorch" }, false},
		{"PyTorch now", originCache, func(_ *testing.T, s *settings, _ stamp) { s.usePyTorch = true }, false},
		{"no stamp", originCache, func(t *testing.T, s *settings, _ stamp) {
			require.NoError(t, os.Remove(filepath.Join(s.root, stampFile)))
		}, false},
		{"a damaged stamp", originCache, func(t *testing.T, s *settings, _ stamp) {
			require.NoError(t, os.WriteFile(filepath.Join(s.root, stampFile), []byte("{"), 0o644))
		}, false},
		{"an older recipe", originCache, func(t *testing.T, s *settings, st stamp) {
			st.Recipe = "0"
			require.NoError(t, st.write(s.root))
		}, false},
		{"a newer go line in go.mod", originCache, func(_ *testing.T, s *settings, _ stamp) { s.goVersion = "1.27.0" }, false},
		{"no go.work", originCache, func(t *testing.T, s *settings, _ stamp) {
			require.NoError(t, os.Remove(filepath.Join(s.root, workFile)))
		}, false},
		{"flags changed by hand", originCache, func(t *testing.T, s *settings, _ stamp) {
			require.NoError(t, os.WriteFile(filepath.Join(s.root, flagsFile), []byte("package torchbridge\n"), 0o644))
		}, false},
		{"gotch gone from the cache", originCache, func(t *testing.T, _ *settings, st stamp) {
			require.NoError(t, os.RemoveAll(st.Gotch))
		}, false},
		{"libtorch gone from the cache", originCache, func(t *testing.T, _ *settings, st stamp) {
			require.NoError(t, os.RemoveAll(st.Libtorch.Lib))
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, st := readyClone(t, test.from)
			test.alter(t, &s, st)
			err := checkReady(s)
			if test.ready {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, errNotReady)
			}
		})
	}
}
