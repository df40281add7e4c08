package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/store"
	"backfire/launcher"
)

// served starts a server of a store and returns its address.
func served(t *testing.T, dir string) string {
	t.Helper()
	in, out := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	opts := &serveOptions{
		IO: &IOStreams{Out: out, ErrOut: io.Discard}, Listen: "127.0.0.1:0", Load: datasets.Load,
		Config: config.Options{Sets: []string{"store=" + dir}},
	}
	go func() { ended <- runServe(ctx, opts) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended, "an interrupt ends it well")
	})
	address := ""
	_, err := fmt.Fscanln(in, &address)
	require.NoError(t, err)
	return address
}

// training starts a training in a process of its own, which kill ends without a warning.
func startTraining(t *testing.T, dir string) (command *exec.Cmd) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	engine := filepath.Join(t.TempDir(), "engine")
	script := fmt.Sprintf("#!/bin/sh\nunset %s\nexport %s=1\nexec '%s' \"$@\"\n", asProgram, asEngine, self)
	require.NoError(t, os.WriteFile(engine, []byte(script), 0o755)) //nolint:gosec // a program
	command = exec.Command(self, "run", "--preset", "quick", "--store", dir, "--seeds", "2", "--set", "workers=1", "--set", "device=cpu",
		"--set", "pool.size=300", "--set", "model.width=2", "--set", "train.epochs=2", "--set", "attackers.counts=1,2", "--set", "attackers.singles=2",
		"--set", "attackers.p=0.3", "--set", "trigger.min_single_asr=0")
	command.Env = append(os.Environ(), asProgram+"=1", launcher.EngineVariable+"="+engine)
	command.Stderr = os.Stderr
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	return command
}

// A page follows a run that is killed and resumed, to its end, without being loaded anew: what the
// reader has opened stays open.
func TestServeFollowsARun(t *testing.T) {
	ctx := browser(t)
	dir := filepath.Join(t.TempDir(), "runs")
	command := startTraining(t, dir)
	stored := func() int {
		st, err := store.OpenExisting(dir)
		if err != nil {
			return 0
		}
		hashes, err := st.Hashes()
		require.NoError(t, err)
		return len(hashes)
	}
	const patience = 4 * time.Minute
	require.Eventually(t, func() bool { return stored() > 0 }, patience, 5*time.Millisecond)
	require.NoError(t, command.Process.Kill())
	_ = command.Wait() // it was killed

	address := served(t, dir)
	show(ctx, t, address, 1440)
	link := evaluate[string](ctx, t, `document.querySelector("#list a").getAttribute("href")`)
	require.Regexp(t, `^/run/[0-9a-f]{64}$`, link)
	require.Equal(t, 0.0, evaluate[float64](ctx, t, `(() => { const field = document.getElementById("search"); field.value = "nothing like it";
		field.dispatchEvent(new Event("input")); return document.querySelectorAll("#list > li:not([hidden])").length; })()`))
	show(ctx, t, strings.TrimSuffix(address, "/")+link, 1440)
	state := func() string { return evaluate[string](ctx, t, `document.querySelector(".live").textContent`) }
	require.Regexp(t, `^unfinished, \d of \d models stored$`, state())
	before := state()
	evaluate[bool](ctx, t, `window.first = document; true`)

	again := startTraining(t, dir)
	require.Eventually(t, func() bool { return state() != before }, patience, 10*time.Millisecond, "it follows the resumed run")
	require.NoError(t, again.Wait())
	require.Eventually(t, func() bool { return state() == "complete" }, patience, 10*time.Millisecond)
	finding := `document.querySelector(".finding")?.textContent ?? ""`
	require.Eventually(t, func() bool { return strings.Contains(evaluate[string](ctx, t, finding), "on 2 seeds") }, patience, 10*time.Millisecond)
	require.True(t, evaluate[bool](ctx, t, `window.first === document`), "the page was not loaded anew")
	require.NotZero(t, evaluate[float64](ctx, t, `document.querySelectorAll("th button").length`), "what came has its tools")
	requireAccessible(ctx, t)
}

func TestServeAddresses(t *testing.T) {
	for _, c := range []struct {
		listen   string
		public   bool
		loopback bool
		refused  string
	}{
		{"127.0.0.1:0", false, true, ""},
		{"[::1]:80", false, true, ""},
		{"localhost:0", false, true, ""},
		{"0.0.0.0:0", true, false, ""},
		{"0.0.0.0:0", false, false, "add --public"},
		{":8080", false, false, "add --public"},
		{"example.org:80", false, false, "add --public"},
		{"8080", false, false, "give an address and a port"},
	} {
		loopback, err := checkAddress(c.listen, c.public)
		if c.refused != "" {
			require.ErrorContains(t, err, c.refused)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.loopback, loopback, c.listen)
	}
}

// A server changes nothing in its store.
func TestServeOnlyReads(t *testing.T) {
	dir := playedStore(t)
	before := contentOf(t, dir)
	ctx := context.Background()
	st, err := store.OpenExisting(dir)
	require.NoError(t, err)
	source := newServedStore(st, datasets.Source{}, datasets.Load)
	runs, err := source.Runs(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, runs)
	p, err := source.Page(ctx, runs[0].Hash)
	require.NoError(t, err)
	require.NotEmpty(t, p.Sections)
	_, err = source.Page(ctx, "../../etc/passwd")
	require.Error(t, err)
	require.Equal(t, before, contentOf(t, dir))
}

// contentOf returns the sizes and times of all files of a directory.
func contentOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		found[path] = fmt.Sprint(info.Size(), info.ModTime().UnixNano())
		return nil
	}))
	return found
}
