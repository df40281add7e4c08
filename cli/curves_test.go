package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
)

// A run with learning curves writes their values to a file of their own and draws them in the
// report.
func TestRunWithLearningCurves(t *testing.T) {
	opts, st, out, _ := runOptions(t, "train.epochs=2", "train.score_every=1", "train.score_images=3")
	require.NoError(t, runSweep(context.Background(), opts))
	path := filepath.Join(st, "tables", "run-embedded.curves.csv")
	require.Contains(t, out(), ",json,curves.csv}")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), ",2,defender,standard_accuracy,")
	require.Contains(t, string(text), ",1,1,lift,")

	streams, _, errOut := testStreams()
	page := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, runReport(context.Background(), &ReportOptions{IO: streams, StoredModelsOptions: StoredModelsOptions{Load: datasets.Load, Config: opts.Config}, Out: page}))
	require.Empty(t, errOut.String())
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Contains(t, string(html), "Learning curves, N = 2")
	require.Contains(t, string(html), "ASR of each attacker and standard accuracy after epochs")
}

// A sample is refused where no curve is asked for.
func TestScoreImagesNeedACurve(t *testing.T) {
	opts, _, _, _ := runOptions(t, "train.score_images=3")
	require.ErrorContains(t, runSweep(context.Background(), opts), "train.score_every = 0: there are no learning curves")
}
