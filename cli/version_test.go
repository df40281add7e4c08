package cli

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/torchbridge"
)

func TestVersion(t *testing.T) {
	streams, out, _ := testStreams()
	opts := &VersionOptions{
		IO:    streams,
		Build: Build{Version: "v1.2.3", Commit: "0123abcd", Go: "go1.26 linux/amd64", Gotch: "v0.9.1"},
		Torch: func() (torchbridge.Env, error) { return torchbridge.Env{Version: "2.11.0", Variant: "cpu"}, nil },
	}
	require.NoError(t, runVersion(opts))
	require.Equal(t, [][]string{
		{"backfire", "v1.2.3"}, {"commit", "0123abcd"}, {"go", "go1.26", "linux/amd64"}, {"libtorch", "2.11.0", "(cpu)"}, {"gotch", "v0.9.1"},
	}, fieldsOfLines(out.String()))

	out.Reset()
	opts.Build.Commit = ""
	opts.Torch = func() (torchbridge.Env, error) { return torchbridge.Env{}, errors.New("broken") }
	require.NoError(t, runVersion(opts), "a version is known even where libtorch does not work")
	require.Contains(t, out.String(), "not working, see backfire doctor")
	require.Contains(t, out.String(), "unknown")
}

func TestThisBuild(t *testing.T) {
	build := ThisBuild()
	require.Equal(t, "dev", build.Version)
	require.Contains(t, build.Go, runtime.Version())
}
