package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
)

// testDataOptions returns options of a data command with an empty data directory.
func testDataOptions(t *testing.T, name string) (opts *dataOptions, dir string, out, errOut func() string) {
	t.Helper()
	streams, stdout, stderr := testStreams()
	dir = t.TempDir()
	return &dataOptions{
		IO: streams, Name: name, Config: config.Options{Sets: []string{"data.dir=" + dir}},
		Fetch: func(_ context.Context, _, _ string, progress func(done, total int64)) error {
			for done := range int64(1001) {
				progress(done, 1000)
			}
			return nil
		},
	}, dir, stdout.String, stderr.String
}

func TestDataList(t *testing.T) {
	t.Setenv("BACKFIRE_CACHE", t.TempDir())
	code, out, errOut := runMain(t, "data", "list")
	require.Equal(t, ExitOK, code, errOut)
	lines := strings.Split(out, "\n")
	require.Regexp(t, `^NAME +IMAGES +CLASSES +SHAPE +DOWNLOAD +WHERE +LICENCE AND SOURCE$`, lines[0])
	require.Regexp(t, `^embedded +10000 +10 +1x28x28 +- +\(inside the program\) +MIT, Zalando SE; https://`, lines[1])
	require.Regexp(t, `^mnist +70000 +10 +1x28x28 +11\.6 MB +not here: backfire data fetch mnist +CC BY-SA`, lines[2])
	require.Regexp(t, `^cifar10 +60000 +10 +3x32x32 +170\.1 MB +not here: backfire data fetch cifar10 `, lines[4])
	require.Regexp(t, `^folder +any +any +any +- +at data\.path +yours$`, lines[5])
}

func TestDataListShowsWhereDataAre(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "mnist"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mnist", "train-images-idx3-ubyte"), nil, 0o644))
	code, out, _ := runMain(t, "data", "list", "--dir", dir)
	require.Equal(t, ExitOK, code)
	require.Contains(t, out, "1x28x28  11.6 MB   "+filepath.Join(dir, "mnist")+" ")
}

func TestDataFetch(t *testing.T) {
	opts, dir, out, errOut := testDataOptions(t, "mnist")
	var calledWith []string
	fetch := opts.Fetch
	opts.Fetch = func(ctx context.Context, name, dir string, progress func(done, total int64)) error {
		calledWith = []string{name, dir}
		return fetch(ctx, name, dir, progress)
	}
	require.NoError(t, runDataFetch(context.Background(), opts))
	require.Equal(t, []string{"mnist", dir}, calledWith)
	lines := strings.Split(strings.TrimSpace(errOut()), "\n")
	require.Len(t, lines, 11, "one line per tenth")
	require.Equal(t, "fetching MNIST handwritten digits, 11.6 MB, into "+filepath.Join(dir, "mnist"), lines[0])
	require.Equal(t, "mnist: 10 % of 0.0 MB", lines[1])
	require.Equal(t, "mnist: 100 % of 0.0 MB", lines[10])
	require.Contains(t, out(), "mnist is complete in "+filepath.Join(dir, "mnist"))
	require.Contains(t, out(), "CC BY-SA")
}

func TestDataFetchDrawsABarOnATerminal(t *testing.T) {
	opts, _, out, errOut := testDataOptions(t, "cifar10")
	opts.IO.ErrIsTerminal = true
	opts.Fetch = func(_ context.Context, _, _ string, progress func(done, total int64)) error {
		progress(170052171, 170052171)
		return nil
	}
	require.NoError(t, runDataFetch(context.Background(), opts))
	require.Contains(t, errOut(), "\rcifar10 100%")
	require.NotContains(t, errOut(), "10 % of")
	require.NotContains(t, out(), "\r")
}

func TestDataFetchFails(t *testing.T) {
	opts, _, out, _ := testDataOptions(t, "mnist")
	opts.Fetch = func(context.Context, string, string, func(done, total int64)) error { return datasets.ErrUnreachable }
	err := runDataFetch(context.Background(), opts)
	require.ErrorIs(t, err, datasets.ErrUnreachable)
	require.Equal(t, ExitFailure, ExitCode(err))
	require.Empty(t, out())

	ctx, cancel := context.WithCancel(context.Background())
	opts.Fetch = func(ctx context.Context, _, _ string, _ func(done, total int64)) error {
		cancel()
		return ctx.Err()
	}
	err = runDataFetch(ctx, opts)
	require.Equal(t, ExitInterrupted, ExitCode(err))
	require.ErrorContains(t, err, "repeat the command to resume the download")
}

func TestDataVerify(t *testing.T) {
	opts, _, out, _ := testDataOptions(t, "mnist")
	statuses := []datasets.Status{{Name: "a.gz", Path: "/x/a.gz", Detail: "as published"}, {Name: "b.gz", Path: "/x/b.gz", Detail: "as published"}}
	opts.Verify = func(context.Context, string, string) ([]datasets.Status, error) { return statuses, nil }
	require.NoError(t, runDataVerify(context.Background(), opts))
	require.Equal(t, "STATE  FILE  FINDING\nok     a.gz  as published\nok     b.gz  as published\n", out())

	statuses[1].Err = errors.New("checksum mismatch")
	err := runDataVerify(context.Background(), opts)
	require.EqualError(t, err, "data verify mnist: 1 of 2 cannot be used; backfire data fetch mnist fetches them")
	require.Contains(t, out(), "bad    b.gz  checksum mismatch\n")
}

func TestDataVerifyEmbedded(t *testing.T) {
	code, out, errOut := runMain(t, "data", "verify", "embedded")
	require.Equal(t, ExitOK, code, errOut)
	require.Equal(t, 2, strings.Count(out, "ok     t10k-"))
}

func TestDataUsage(t *testing.T) {
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"data", "fetch"}, ExitUsage, "data fetch: NAME is missing"},
		{[]string{"data", "fetch", "mnits"}, ExitUsage, `unknown dataset "mnits": choose one of embedded, mnist,`},
		{[]string{"data", "verify", "mnits"}, ExitUsage, `unknown dataset "mnits"`},
		{[]string{"data", "fetch", "embedded"}, ExitUsage, "there is nothing to fetch: it is Fashion-MNIST test images, inside the program"},
		{[]string{"data", "verify", "folder"}, ExitUsage, "images of your own have no published checksums"},
		{[]string{"data", "verify", "mnist", "--dir", "/nowhere"}, ExitFailure, "there is no /nowhere/mnist; run `backfire data fetch mnist`"},
		{[]string{"data", "get"}, ExitUsage, `there is no command "get"`},
	} {
		code, out, errOut := runMain(t, tc.args...)
		require.Equal(t, tc.code, code, tc.args)
		require.Contains(t, errOut, tc.want)
		require.Empty(t, out)
	}
}

// The commands take their directory from the flag before the environment.
func TestDataDirectory(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{{[]string{}, "/from/env"}, {[]string{"--dir", "/from/flag"}, "/from/flag"}} {
		streams, _, _ := testStreams()
		streams.Environ = []string{"BACKFIRE_DATA=/from/env"}
		var got string
		cmd := newCmdDataList(streams, func(_ context.Context, opts *dataOptions) error {
			dir, err := opts.dataDir()
			got = dir
			return err
		})
		cmd.SetArgs(tc.args)
		require.NoError(t, cmd.Execute())
		require.Equal(t, tc.want, got)
	}
}
