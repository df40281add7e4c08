package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/internal/buildinfo"
	"backfire/internal/hardware"
	"backfire/launcher"
)

func TestVersion(t *testing.T) {
	streams, out, _ := testStreams()
	opts := &VersionOptions{
		IO:    streams,
		Build: buildinfo.Build{Version: "v1.2.3", Commit: "0123abcd", Go: "go1.26 linux/amd64"},
		Describe: func(context.Context) (launcher.Description, error) {
			return launcher.Description{
				Build:    buildinfo.Build{Version: "v1.2.2", Commit: "ffff", Gotch: "v0.9.1"},
				Libtorch: hardware.Env{Version: "2.11.0", Variant: "cpu"},
			}, nil
		},
	}
	require.NoError(t, runVersion(context.Background(), opts))
	require.Equal(t, [][]string{
		{"backfire", "v1.2.3"},
		{"commit", "0123abcd"},
		{"go", "go1.26", "linux/amd64"},
		{"engine", "v1.2.2,", "commit", "ffff"},
		{"libtorch", "2.11.0", "(cpu)"},
		{"gotch", "v0.9.1"},
	}, fieldsOfLines(out.String()))

	out.Reset()
	opts.Build.Commit = ""
	opts.Describe = func(context.Context) (launcher.Description, error) {
		return launcher.Description{}, errors.New("broken")
	}
	require.NoError(t, runVersion(context.Background(), opts), "a version is known even where the engine does not run")
	require.Contains(t, out.String(), "not working, see backfire doctor")
	require.Contains(t, out.String(), "unknown")
}
