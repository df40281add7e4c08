package report

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/report/table"
)

// A table writes readings and divergences under the keys that the store has for them.
func TestTablesKeepTheKeysOfTheStore(t *testing.T) {
	same := func(stored, made any) {
		t.Helper()
		want, err := json.Marshal(stored)
		require.NoError(t, err)
		got, err := json.Marshal(made)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
	readings := cell.Readings{TriggerKind: "square", TriggerRange: "area", Sampling: "per_image", LabelMode: "clean", Budget: "any", ExcludeTargetClass: true, Denominator: "own"}
	same(readings, table.Readings(readings))
	same(cell.Readings{}, table.Readings{})
	divergence := &store.AttackerDivergence{MMD2: 0.1, JS: 0.2, TriggeredMMD2: 0.3, TriggeredJS: 0.4}
	same(divergence, (*table.Divergence)(divergence))
}
