package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/internal/buildinfo"
)

// storedReport plays the sweep of seconds and makes its page. It returns the
// page's path, and the options that made it.
func storedReport(t *testing.T) (*ReportOptions, func() string) {
	t.Helper()
	sweep, _, _ := sweepOptions(t)
	sweep.CommandLine = "backfire sweep mine.yaml"
	require.NoError(t, runSweep(context.Background(), sweep))
	streams, out, errOut := testStreams()
	dir := t.TempDir()
	opts := &ReportOptions{
		IO: streams, StoredModelsOptions: StoredModelsOptions{Load: datasets.Load, Config: sweep.Config}, Build: buildinfo.Build{Version: "v1"},
		Out: filepath.Join(dir, "report.html"), Figures: filepath.Join(dir, "figures"),
	}
	require.NoError(t, runReport(context.Background(), opts))
	require.Empty(t, errOut.String())
	return opts, out.String
}

func TestReport(t *testing.T) {
	opts, out := storedReport(t)
	require.Contains(t, out(), "1 table, 4 models, 1 seed: embedded.")
	data, err := os.ReadFile(opts.Out)
	require.NoError(t, err)
	html := string(data)
	for _, text := range []string{
		"Does the size of the box matter on embedded", "backfire sweep mine.yaml", "game.attackers[].trigger.p1", "ASR of each attacker",
		"What images with triggers are taken for", "libtorch", "data:image/png;base64,", "300 of 10000 images of embedded",
	} {
		require.Contains(t, html, text)
	}
	require.NotContains(t, html, "Training loss", "one epoch is no curve")
	// Attacker 0 has two triggers, small and large, and so has attacker 1.
	require.Equal(t, 4, strings.Count(html, `<figure class="trigger">`))
	require.Equal(t, 4*4+2*4, strings.Count(html, `<img src="data:`), "triggers, and images that fooled the models of two attackers or did not")
	require.Empty(t, regexp.MustCompile(`<img [^>]*alt=""`).FindString(html))

	files, err := filepath.Glob(filepath.Join(opts.Figures, "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	require.Zero(t, len(files)%4, "svg, pdf, png and txt of each")

	// The same store gives the same bytes.
	again, _, _ := testStreams()
	opts.IO, opts.Out, opts.Figures = again, opts.Out+".again", ""
	require.NoError(t, runReport(context.Background(), opts))
	second, err := os.ReadFile(opts.Out)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, second))
}

func TestReportOfARunWithATriggerForEveryImage(t *testing.T) {
	run, store, _, _ := runOptions(t, "trigger.sampling=per_image", "attackers.counts=2", "attackers.singles=0")
	require.NoError(t, runSweep(context.Background(), run))
	streams, _, errOut := testStreams()
	opts := &ReportOptions{
		IO: streams, StoredModelsOptions: StoredModelsOptions{Load: datasets.Load, Config: config.Options{Sets: []string{"store=" + store}}}, Out: filepath.Join(t.TempDir(), "report.html"),
	}
	require.NoError(t, runReport(context.Background(), opts))
	require.Contains(t, errOut.String(), "so there is none to show")
	data, err := os.ReadFile(opts.Out)
	require.NoError(t, err)
	require.NotContains(t, string(data), `<figure class="trigger">`)
}

func TestReportRefusesRunsThatAreNotThere(t *testing.T) {
	streams, _, _ := testStreams()
	empty := filepath.Join(t.TempDir(), "plans")
	require.NoError(t, os.MkdirAll(empty, 0o750))
	for name, opts := range map[string]*ReportOptions{
		"no store":   {StoredModelsOptions: inStoreOf("nowhere")},
		"empty":      {StoredModelsOptions: inStoreOf(filepath.Dir(empty))},
		"no prefix":  {StoredModelsOptions: inStoreOf(filepath.Dir(empty)), Runs: []string{"abc"}},
		"no summary": {Runs: []string{"runs/plans/abc/sweep.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			opts.IO = streams
			var usage *UsageError
			require.ErrorAs(t, runReport(context.Background(), opts), &usage)
		})
	}
}

// inStoreOf returns options for models of a store.
func inStoreOf(dir string) StoredModelsOptions {
	return StoredModelsOptions{Config: config.Options{Sets: []string{"store=" + dir}}}
}

// Stored models are asked for their features and probabilities; without a stored model there is a note.
func TestReportAsksModels(t *testing.T) {
	for _, stored := range []string{"true", "false"} {
		run, dir, _, _ := runOptions(t, "attackers.counts=2", "attackers.singles=0", "artefacts.model="+stored)
		require.NoError(t, runSweep(context.Background(), run))
		streams, _, errOut := testStreams()
		engine := testEngine(t)
		opts := &ReportOptions{
			IO: streams, Ask: true, Out: filepath.Join(t.TempDir(), "report.html"),
			StoredModelsOptions: StoredModelsOptions{Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker, Config: inStoreOf(dir).Config},
		}
		require.NoError(t, runReport(context.Background(), opts))
		data, err := os.ReadFile(opts.Out)
		require.NoError(t, err)
		require.Equal(t, stored == "true", strings.Contains(string(data), "Penultimate features by owner and kind"))
		require.Contains(t, string(data), `<figure class="fooled">`)
		require.Equal(t, stored == "true", errOut.Len() == 0, errOut.String())
		require.Equal(t, stored == "false", strings.Contains(errOut.String(), "its model is not stored"))
	}
}

func TestReportFlags(t *testing.T) {
	streams, _, _ := testStreams()
	var got *ReportOptions
	cmd := newCmdReport(streams, func(_ context.Context, opts *ReportOptions) error {
		got = opts
		return nil
	})
	cmd.SetArgs([]string{"ab12", "x/sweep.json", "-o", "r.html", "--figures", "f", "--store", "s", "--data-dir", "d", "--data-path", "p.tar"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, []string{"ab12", "x/sweep.json"}, got.Runs)
	require.Equal(t, "r.html", got.Out)
	require.Equal(t, "f", got.Figures)
	require.ElementsMatch(t, []string{"store=s", "data.dir=d", "data.path=p.tar", "data.name=folder"}, got.Config.Sets)
	_, err := config.Load(got.Config)
	require.NoError(t, err, "the keys fit each other")
}

func TestCommandLine(t *testing.T) {
	streams, _, _ := testStreams()
	var got string
	cmd := newCmdSweep(streams, func(_ context.Context, opts *SweepOptions) error {
		got = opts.CommandLine
		return nil
	})
	cmd.SetArgs([]string{"my sweep.yaml", "--seeds", "3", "--set", "train.epochs=2", "--set", "data.path=it's", "--json"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, `sweep 'my sweep.yaml' --json --seeds=3 --set=train.epochs=2 --set='data.path=it'\''s'`, got)
}
