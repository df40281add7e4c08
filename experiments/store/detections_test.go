package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/enginetest"
)

func TestDetectionsAreReadByAttacker(t *testing.T) {
	dir := t.TempDir()
	written := removed.Detections{Cell: "a", Filters: []removed.Detection{{Filter: "spectral_signatures", Found: &removed.Counts{
		Agents: []removed.Agent{{ID: 7, Recall: game.Rate{Hits: 3, Of: 4}, LostByClass: []int{0}}},
	}}}}
	require.NoError(t, written.Write(dir, removed.DetectionFile))
	read, err := (&store.Record{Dir: dir}).Detections()
	require.NoError(t, err)
	require.Equal(t, map[string]game.Rate{"spectral_signatures": {Hits: 3, Of: 4}}, read.Of(7))
	require.Nil(t, read.Of(8), "the model never saw its images")

	const text = `[{"spectral_signatures":{"epsilon":0.2}}]`
	written.Filters[0].Filter = text
	require.NoError(t, written.Write(dir, removed.DetectorFile(text)))
	read, err = (&store.Record{Dir: dir}).Detections()
	require.NoError(t, err)
	require.Equal(t, map[string]game.Rate{"spectral_signatures": {Hits: 3, Of: 4}, text: {Hits: 3, Of: 4}}, read.Of(7))

	_, err = (&store.Record{Dir: filepath.Join(dir, "missing")}).Detections()
	require.ErrorContains(t, err, removed.DetectionFile)
	require.NoError(t, os.WriteFile(filepath.Join(dir, removed.DetectionFile), []byte(`{"format":1,"cell":"a","filters":[{"filter":"x"}]}`), 0o600))
	_, err = (&store.Record{Dir: dir}).Detections()
	require.ErrorContains(t, err, "no counts of x")
}

// A detector with settings of its own is an artefact of its own, and follows from the stored model.
func TestDetectorsAreArtefacts(t *testing.T) {
	stack := enginetest.StackOf(t, "[{spectral_signatures: {epsilon: 0.2}}]")
	other := enginetest.StackOf(t, "[activation_clustering]")
	asked := store.Artefacts{Detectors: removed.Lines(cell.StackText(stack), cell.StackText(other)+"\n"+cell.StackText(stack))}
	file, otherFile := removed.DetectorFile(cell.StackText(stack)), removed.DetectorFile(cell.StackText(other))
	require.ElementsMatch(t, []string{file, otherFile}, asked.Without(store.Artefacts{}))
	require.True(t, asked.NeedTraining(store.Artefacts{}))
	require.False(t, asked.NeedTraining(store.Artefacts{Model: true}))

	stored := store.Manifest{Files: map[string]string{file: "sum", "result.json": "sum"}}.Artefacts()
	require.True(t, stored.Detects())
	require.Equal(t, []string{otherFile}, asked.Without(stored))
	stored = stored.And(store.Manifest{Files: map[string]string{otherFile: "sum"}}.Artefacts())
	require.Empty(t, asked.Without(stored))
	require.False(t, asked.NeedTraining(stored))
	require.False(t, removed.IsDetectorFile("detection-.json"))
}
