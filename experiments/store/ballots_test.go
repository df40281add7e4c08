package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/ballots"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// written returns the record of the example cell with ballots of three probes.
func written(t *testing.T) (*store.Record, *ballots.Ballots) {
	t.Helper()
	record := &store.Record{Cell: enginetest.ExampleCell(), Dir: t.TempDir()}
	b := &ballots.Ballots{
		Classes: 3, Order: []uint16{2, 0, 1, 0, 1, 2, 1, 2, 0},
		Probes: []game.Probe{
			{Owner: game.Defender, Trigger: game.NoTrigger, Label: 2},
			{Owner: 1, Trigger: game.NoTrigger, Label: 1},
			{Owner: 1, Trigger: 1, Label: 0},
		},
	}
	require.NoError(t, b.Write(record.Dir, record.Cell))
	require.NoError(t, os.WriteFile(filepath.Join(record.Dir, store.PredictionsFile), []byte{2, 0, 1}, disk.FileMode))
	return record, b
}

func TestBallotsAreReadAsWritten(t *testing.T) {
	record, b := written(t)
	read, err := record.Ballots()
	require.NoError(t, err)
	require.Equal(t, b, read)
	require.Equal(t, []uint16{0, 1, 2}, read.Of(1))
	text, err := os.ReadFile(filepath.Join(record.Dir, ballots.ProbesFile))
	require.NoError(t, err)
	require.Equal(t, "probe,owner,trigger,label\n0,defender,,2\n1,4,,1\n2,4,4,0\n", string(text))
	data, err := os.ReadFile(filepath.Join(record.Dir, ballots.RankingsFile))
	require.NoError(t, err)
	require.Equal(t, []byte{2, 0, 1, 0, 1, 2, 1, 2, 0}, data)
}

func TestBrokenBallotsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ file, content, reason string }{
		"too few":          {ballots.RankingsFile, "\x02\x00\x01", "3 bytes for 3 probes and 3 classes"},
		"class twice":      {ballots.RankingsFile, "\x02\x00\x00\x00\x01\x02\x01\x02\x00", "probe 0 does not have each of 3 classes once"},
		"no class":         {ballots.RankingsFile, "\x02\x00\x01\x00\x01\x07\x01\x02\x00", "probe 1 does not have each of 3 classes once"},
		"other prediction": {ballots.RankingsFile, "\x00\x02\x01\x00\x01\x02\x01\x02\x00", "probe 0 is predicted as 2, and 0 is ranked first"},
		"columns":          {ballots.ProbesFile, "probe,owner\n", "unknown columns"},
		"no agent":         {ballots.ProbesFile, "probe,owner,trigger,label\n0,9,,2\n", "line 2 is [0 9  2]"},
		"no trigger":       {ballots.ProbesFile, "probe,owner,trigger,label\n0,3,5,2\n", "line 2"},
		"no label":         {ballots.ProbesFile, "probe,owner,trigger,label\n0,defender,,3\n", "line 2"},
		"another number":   {ballots.ProbesFile, "probe,owner,trigger,label\n1,defender,,2\n", "line 2"},
		"fewer probes":     {ballots.ProbesFile, "probe,owner,trigger,label\n0,defender,,2\n", "1 of 3 probes are described"},
		"no lines":         {ballots.ProbesFile, "", "unknown columns"},
	} {
		record, _ := written(t)
		require.NoError(t, os.WriteFile(filepath.Join(record.Dir, tc.file), []byte(tc.content), disk.FileMode), name)
		_, err := record.Ballots()
		require.ErrorIs(t, err, store.ErrBroken, name)
		require.ErrorContains(t, err, tc.reason, name)
	}
	record, _ := written(t)
	require.NoError(t, os.Remove(filepath.Join(record.Dir, ballots.ProbesFile)))
	_, err := record.Ballots()
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestRankingsAreAnArtefact(t *testing.T) {
	asked := store.Artefacts{Rankings: true}
	require.Equal(t, asked, store.Manifest{Files: map[string]string{ballots.RankingsFile: "", ballots.ProbesFile: ""}}.Artefacts())
	require.True(t, asked.NeedTraining(store.Artefacts{}))
	require.False(t, asked.NeedTraining(store.Artefacts{Model: true}), "the model can be asked")
	require.False(t, asked.NeedTraining(asked))
	require.Equal(t, []string{ballots.RankingsFile}, asked.Without(store.Artefacts{Model: true}))
	require.Equal(t, store.Artefacts{Rankings: true, Model: true}, asked.And(store.Artefacts{Model: true}))
}
