package report

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

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
	readings := store.Readings{TriggerKind: "square", TriggerRange: "area", Sampling: "per_image", LabelMode: "clean", ExcludeTargetClass: true, Denominator: "own"}
	same(readings, table.Readings(readings))
	same(store.Readings{}, table.Readings{})
	divergence := &store.AttackerDivergence{MMD2: 0.1, JS: 0.2, TriggeredMMD2: 0.3, TriggeredJS: 0.4}
	same(divergence, (*table.Divergence)(divergence))
}
