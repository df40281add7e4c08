package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// Several points of a sweep that want the same cell get all that any of them
// asks for.
func TestSweepAsksForTheArtefactsOfAllPoints(t *testing.T) {
	sweep := enginetest.NewSweep(t,
		enginetest.TinyPoint(t, "model", func(c *config.Config) { c.Attackers.Counts, c.Artefacts.Model = []int{1}, true }),
		enginetest.TinyPoint(t, "images", func(c *config.Config) { c.Attackers.Counts, c.Artefacts.Images = []int{1, 2}, "npz" }))
	stage, err := sweep.Worklist(nil)
	require.NoError(t, err)
	require.Equal(t, store.Artefacts{Model: true, Archive: true}, stage.Tasks[0].Artefacts)
	require.Equal(t, store.Artefacts{Archive: true}, stage.Tasks[len(stage.Tasks)-1].Artefacts)
}
