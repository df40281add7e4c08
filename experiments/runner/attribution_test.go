package runner_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// A cell with an attribution resumes from its base, which is trained anyway, to the same bytes as
// if it had trained the base itself, as it does where the state is missing.
func TestAttributionResumesFromTheBase(t *testing.T) {
	cfg := enginetest.UnknownConfig(t)
	cfg.Defenders = []string{"indexing_unknown"}
	cfg.Defenses.Set("indexing.update", "unlearn")
	cfg.Defenses.Set("indexing.models", 0)
	plan := enginetest.DefendedPlan(t, cfg)
	hash := enginetest.DefenderOf(t, plan, "indexing_unknown").Models[1]
	attributed, _ := plan.Cell(hash)
	contents := func(dir string) string {
		var all strings.Builder
		for _, name := range []string{store.QueriesFile, store.UnlearnedFile} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			all.Write(text)
		}
		return enginetest.CellFiles(t, dir) + all.String()
	}
	for _, f := range []enginetest.Fault{{}, {Cell: plan.Games[0].Cell, Kind: "fail", Epoch: 2}} {
		store := enginetest.OpenStore(t)
		runner, seen := runtest.NewRunner(store, 2, f)
		outcome, err := runner.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		continued := slices.ContainsFunc(seen.Of(worker.KindResumed), func(e worker.Event) bool { return e.Cell == hash && e.Epoch == 2 })
		require.Equal(t, f.Kind == "", continued)
		require.Equal(t, f.Kind != "", len(outcome.Failed) == 1)
		require.Equal(t, contents(enginetest.TrainCell(t, enginetest.Engine{}, attributed)), contents(store.Path(hash)))
	}
}
