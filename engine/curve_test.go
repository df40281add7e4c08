package engine

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/runner"
	"backfire/experiments/store"
)

// stored trains cells into a new store with so many workers in one process and returns, by cell,
// the SHA-256 of the weights and the digest of the result, and the learning curves. Before epoch
// kill, if above 0, a worker process is killed once.
func stored(t *testing.T, cells []cell.Cell, asked curve.Request, workers, kill int) (models, curves []string) {
	t.Helper()
	st, err := store.Open(t.TempDir())
	require.NoError(t, err)
	var env []string
	if kill > 0 {
		env = []string{killBefore + "=" + strconv.Itoa(kill), killMarker + "=" + filepath.Join(t.TempDir(), "killed")}
	}
	r := &runner.Runner{
		Store: st, Artefacts: store.Artefacts{Model: true, Curve: asked}, Workers: workers, PerProcess: workers, Threads: 1, Device: "cpu",
		Command: testEngine(env...),
	}
	outcome, err := r.Run(context.Background(), cells)
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: len(cells), Trained: len(cells)}, outcome)
	for _, c := range cells {
		hash, err := c.Hash()
		require.NoError(t, err)
		record, err := st.Read(hash)
		require.NoError(t, err)
		models = append(models, weights(t, st, c), record.Result.Digest)
		if asked.Every > 0 {
			text, err := os.ReadFile(filepath.Join(st.Path(hash), curve.File))
			require.NoError(t, err)
			curves = append(curves, string(text))
		}
	}
	return models, curves
}

// Scores during a training change no bit of the trained weights, whatever the defense, whether the
// models are trained side by side in one process, and when a process was killed. The learning
// curves are the same each time.
func TestScoresDoNotChangeTheWeights(t *testing.T) {
	plan := tinyPlan(t, "attackers.counts=2", "attackers.singles=0", "model.width=2", "train.epochs=3",
		"defenders=cutmix+adversarial_triggers,fgsm,indexing")
	want, _ := stored(t, plan.Cells, curve.Request{}, 1, 0)
	asked := curve.Request{Every: 1, Images: 2}
	models, curves := stored(t, plan.Cells, asked, 1, 0)
	require.Equal(t, want, models)
	require.Len(t, unique(curves), len(plan.Cells))
	models, again := stored(t, plan.Cells, asked, 3, 0)
	require.Equal(t, want, models, "three models in one process")
	require.Equal(t, curves, again)
	models, again = stored(t, plan.Cells, asked, 1, 3)
	require.Equal(t, want, models, "killed and resumed")
	require.Equal(t, curves, again)
}
