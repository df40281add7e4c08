package plan_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
)

// FuzzStoredPlan plans any configuration in a plan whose digest fits. It is refused, or planned into cells that can
// be read.
func FuzzStoredPlan(f *testing.F) {
	st, path := writtenPlan(f, f.TempDir(), func(*plan.StoredPlan) {})
	text, err := os.ReadFile(path)
	require.NoError(f, err)
	var file map[string]json.RawMessage
	require.NoError(f, json.Unmarshal(text, &file))
	for _, change := range []func(*config.Config){
		func(*config.Config) {},
		func(c *config.Config) {
			c.Defenders = []string{"cutmix+indexing", "agent_augmentation", "indexing_unknown"}
		},
		func(c *config.Config) { c.Attackers.Labels, c.Trigger.Kind, c.Deal.Seats = "random", "blended", "9" },
		func(c *config.Config) { c.Trigger.MinSingleASR, c.Attackers.Colluders = 0.5, []string{"1=0"} },
	} {
		cfg, err := enginetest.Config()
		require.NoError(f, err)
		change(&cfg)
		encoded, err := json.Marshal(cfg)
		require.NoError(f, err)
		f.Add(encoded)
	}
	f.Fuzz(func(t *testing.T, cfg []byte) {
		points, err := json.Marshal([]map[string]any{{"name": "", "keys": nil, "config": json.RawMessage(cfg)}})
		if err != nil {
			t.Skip("no JSON")
		}
		file["points"] = points
		sealed, err := cell.SealOf(file)
		require.NoError(t, err)
		file["digest"], err = json.Marshal(sealed)
		require.NoError(t, err)
		text, err := jsonfile.Encode(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, text, disk.FileMode))
		stored, err := plan.ReadStored(st, "", programOne)
		if err != nil {
			return
		}
		sweep, err := plan.NewSweep(t.Context(), []plan.SweepPoint{plan.SweepPoint(stored.Points[0])}, enginetest.Loader)
		if err != nil {
			return
		}
		for _, c := range sweep.Cells {
			require.NoError(t, c.Validate())
		}
	})
}
