package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// environ returns a lookup in the given variables.
func environ(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// newClone makes a directory with the go.mod of a clone, and returns it.
func newClone(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "go.mod"), []byte("module backfire\n\ngo 1.26.0\n"), 0o644))
	return root
}

func TestParseSettings(t *testing.T) {
	root := newClone(t)
	tests := []struct {
		name string
		args []string
		env  map[string]string
		want settings
	}{
		{"nothing set", nil, map[string]string{"HOME": "/home/eve"}, settings{cache: "/home/eve/.cache/backfire"}},
		{"XDG", nil, map[string]string{"HOME": "/home/eve", "XDG_CACHE_HOME": "/var/eve"}, settings{cache: "/var/eve/backfire"}},
		{
			"cache and variant by environment", nil,
			map[string]string{"BACKFIRE_CACHE": "/scratch/bf", "BACKFIRE_VARIANT": "cuda"},
			settings{cache: "/scratch/bf", cacheExplicit: true, variant: variantCUDA},
		},
		{
			"the flag wins",
			[]string{"--variant", "cpu", "--check"},
			map[string]string{"HOME": "/h", "BACKFIRE_VARIANT": "cuda"},
			settings{cache: "/h/.cache/backfire", variant: variantCPU, check: true},
		},
		{"LIBTORCH", nil, map[string]string{"HOME": "/h", "LIBTORCH": "/opt/libtorch/"}, settings{cache: "/h/.cache/backfire", libtorch: "/opt/libtorch"}},
		{"PyTorch", nil, map[string]string{"HOME": "/h", "LIBTORCH_USE_PYTORCH": "1"}, settings{cache: "/h/.cache/backfire", usePyTorch: true}},
		{"no PyTorch", nil, map[string]string{"HOME": "/h", "LIBTORCH_USE_PYTORCH": "0"}, settings{cache: "/h/.cache/backfire"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseSettings(test.args, environ(test.env), root, io.Discard)
			require.NoError(t, err)
			test.want.root, test.want.goVersion = root, "1.26.0"
			require.Equal(t, test.want, got)
		})
	}
}

func TestParseSettingsRefuses(t *testing.T) {
	clone := newClone(t)
	tests := []struct {
		name string
		root string
		args []string
		env  map[string]string
		want string
	}{
		{"unknown flag", clone, []string{"--fast"}, map[string]string{"HOME": "/h"}, "fast"},
		{"argument", clone, []string{"cuda"}, map[string]string{"HOME": "/h"}, `unexpected argument "cuda"`},
		{"unknown variant", clone, []string{"--variant", "rocm"}, map[string]string{"HOME": "/h"}, `unknown variant "rocm": it must be cpu or cuda`},
		{"no clone", t.TempDir(), nil, map[string]string{"HOME": "/h"}, "is not a clone of backfire"},
		{"no home", clone, nil, nil, "no cache directory"},
		{"cache with a quote", clone, nil, map[string]string{"BACKFIRE_CACHE": `/scratch/a"b`}, "which cgo does not accept"},
		{"cache with a comma", clone, nil, map[string]string{"BACKFIRE_CACHE": "/scratch/a,b"}, "which cgo does not accept"},
		{"two libtorches", clone, nil, map[string]string{"HOME": "/h", "LIBTORCH": "/a", "LIBTORCH_USE_PYTORCH": "1"}, "unset one of them"},
		{"odd switch", clone, nil, map[string]string{"HOME": "/h", "LIBTORCH_USE_PYTORCH": "yes"}, "set it to 1 or leave it unset"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseSettings(test.args, environ(test.env), test.root, io.Discard)
			require.ErrorContains(t, err, test.want)
		})
	}
}
