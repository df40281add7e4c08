package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/game"
)

func TestDetectionsAreReadByAttacker(t *testing.T) {
	dir := t.TempDir()
	written := removed.Detections{Cell: "a", Filters: []removed.Detection{{Filter: "spectral_signatures", Found: &removed.Counts{
		Agents: []removed.Agent{{ID: 7, Recall: game.Rate{Hits: 3, Of: 4}, LostByClass: []int{0}}},
	}}}}
	require.NoError(t, written.Write(dir))
	read, err := (&store.Record{Dir: dir}).Detections()
	require.NoError(t, err)
	require.Equal(t, map[string]game.Rate{"spectral_signatures": {Hits: 3, Of: 4}}, read.Of(7))
	require.Nil(t, read.Of(8), "the model never saw its images")

	_, err = (&store.Record{Dir: filepath.Join(dir, "missing")}).Detections()
	require.ErrorContains(t, err, removed.DetectionFile)
	require.NoError(t, os.WriteFile(filepath.Join(dir, removed.DetectionFile), []byte(`{"format":1,"cell":"a","filters":[{"filter":"x"}]}`), 0o600))
	_, err = (&store.Record{Dir: dir}).Detections()
	require.ErrorContains(t, err, "no counts of x")
}
