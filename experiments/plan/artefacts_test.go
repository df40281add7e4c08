package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// A cell that several points of a sweep need has the artefacts that any of them requests.
func TestSweepAsksForTheArtefactsOfAllPoints(t *testing.T) {
	sweep := enginetest.NewSweep(t,
		enginetest.TinyPoint(t, "model", func(c *config.Config) { c.Attackers.Counts, c.Artefacts.Model = []int{1}, config.ModelAlways }),
		enginetest.TinyPoint(t, "images", func(c *config.Config) { c.Attackers.Counts, c.Artefacts.Images = []int{1, 2}, "npz" }))
	worklist, err := sweep.Worklist(nil)
	require.NoError(t, err)
	require.Equal(t, store.Artefacts{Model: true, SmallModel: true, Archive: true}, worklist.Tasks[0].Artefacts)
	require.Equal(t, store.Artefacts{SmallModel: true, Archive: true}, worklist.Tasks[len(worklist.Tasks)-1].Artefacts)
}
