package reference_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// writeCIFAR writes a set in the binary files of CIFAR-10, half of the images in each of
// two batches, and returns their directory.
func writeCIFAR(t *testing.T, set *datasets.Set) string {
	t.Helper()
	dir := t.TempDir()
	for half, name := range []string{"data_batch_1.bin", "data_batch_2.bin"} {
		var data []byte
		for i := half * set.Len() / 2; i < (half+1)*set.Len()/2; i++ {
			data = append(append(data, uint8(set.Labels[i])), set.Image(i)...)
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, disk.FileMode))
	}
	return dir
}

// Colour images, their triggers and their pictures are derived anew.
func TestColourIsDerivedAnew(t *testing.T) {
	set, err := testset.NewColour(1)
	require.NoError(t, err)
	load := func(context.Context, datasets.Source) (*datasets.Set, error) { return set, nil }
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	cfg.Attackers.Counts, cfg.Attackers.Singles, cfg.Attackers.Label, cfg.Deal.Seats = []int{2}, 0, "#1", "3"
	planned, err := plan.New(cfg, set)
	require.NoError(t, err)

	st := enginetest.OpenStore(t)
	hash, err := planned.Cells[0].Hash()
	require.NoError(t, err)
	claim, err := st.Claim(hash)
	require.NoError(t, err)
	request := enginetest.NewTrain(t, planned.Cells[0])
	request.Artefacts = store.Artefacts{Triggers: true, Folder: true, Archive: true}
	request.Dir, err = claim.Dir()
	require.NoError(t, err)
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: load}, request)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	draft, err := claim.Draft()
	require.NoError(t, err)
	require.NoError(t, claim.Commit(draft))
	require.NoError(t, claim.Release())

	requireDerived(t, []string{"2 names and pictures", "images: 320 pictures", "training.npz: 320 rows"}, "--data", writeCIFAR(t, set), st.Dir())
}
