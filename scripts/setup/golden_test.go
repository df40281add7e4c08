package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var regen = flag.Bool("regen", false, "rewrite the golden files")

// requireGolden compares got with testdata/<name>.golden.
func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *regen {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// testCPU and testCUDA describe libtorches that do not exist.
var (
	testCPU = libtorch{
		Dir: "/cache/libtorch-2.11.0-cpu", Include: "/cache/libtorch-2.11.0-cpu/include", Lib: "/cache/libtorch-2.11.0-cpu/lib",
		Version: "2.11.0", Variant: variantCPU,
	}
	testCUDA = libtorch{
		Dir: "/cache/lt/torch", Include: "/cache/lt/torch/include", Lib: "/cache/lt/torch/lib",
		Version: "2.11.0", Variant: variantCUDA,
		CUDAInclude: []string{"/cache/lt/nvidia/cu13/include"}, CUDALib: "/cache/lt/nvidia/cu13/lib", Cudart: "libcudart.so.13",
	}
)
