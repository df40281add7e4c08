package summary_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// cellJSON is a stored cell.yaml as JSON.
func cellJSON(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var tree any
	require.NoError(t, yaml.Unmarshal(text, &tree))
	text, err = json.Marshal(tree)
	require.NoError(t, err)
	return text
}

func TestStoredResultsFitTheSchemas(t *testing.T) {
	_, defended := runtest.StoredSummary(t, enginetest.NewSweep(t, plan.SweepPoint{Config: enginetest.DefendedConfig(t, "cutmix", "agent_augmentation+pgd", "indexing")}))
	undefended, _ := runtest.Verifiable(t)
	checked := 0
	for _, st := range []*store.Store{defended, undefended} {
		hashes, err := st.Hashes()
		require.NoError(t, err)
		for _, hash := range hashes {
			result, err := os.ReadFile(filepath.Join(st.Path(hash), store.ResultFile))
			require.NoError(t, err)
			require.NoError(t, enginetest.Valid(t, "result", result))
			require.NoError(t, enginetest.Valid(t, "cell", cellJSON(t, filepath.Join(st.Path(hash), store.CellFile))))
			checked++
		}
	}
	require.Greater(t, checked, 8)

	drawn, err := json.Marshal(enginetest.DefendedCell())
	require.NoError(t, err)
	require.NoError(t, enginetest.Valid(t, "cell", drawn))
	undefinedRates, err := json.Marshal(store.Result{
		Attackers: []store.AttackerResult{{}}, Cross: [][]game.Rate{{{}}}, Overlaps: []game.PairOverlap{{}},
		Normalization: store.Normalization{Mean: []float64{0}, Std: []float64{1}},
		Provenance:    store.Provenance{Timing: store.Timing{Seconds: map[store.Phase]float64{}}, Single: []store.Single{{}}},
	})
	require.NoError(t, err)
	require.NoError(t, enginetest.Valid(t, "result", undefinedRates))
}
