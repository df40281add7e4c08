package store_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/divergence"
	"backfire/experiments/store"
	"backfire/game"
)

func TestDivergencesAreReadByAttacker(t *testing.T) {
	dir := t.TempDir()
	written := store.Divergences{Cell: "a", Looked: 3, Features: 2, Divergences: []divergence.Divergence{
		{Class: 1, Agent: 7, Part: divergence.All, MMD2: 0.5, JS: 0.25},
		{Class: 1, Agent: 7, Part: divergence.Triggered, MMD2: 0.75, JS: 0.5},
		{Class: 1, Agent: game.Defender, Part: divergence.All, MMD2: 0.125, JS: 0.125},
		{Class: 2, Agent: 8, Part: divergence.All, MMD2: 1, JS: 1},
	}}
	require.NoError(t, written.Write(dir))
	read, err := (&store.Record{Dir: dir}).Divergences()
	require.NoError(t, err)
	written.Format = 1
	require.Equal(t, &written, read)

	require.Equal(t, &store.AttackerDivergence{MMD2: 0.5, JS: 0.25, TriggeredMMD2: 0.75, TriggeredJS: 0.5}, read.Of(7, 1))
	require.Nil(t, read.Of(7, 2), "it has no images there")
	clean := read.Of(8, 2)
	require.False(t, clean.TriggeredMMD2.Defined())
	require.False(t, clean.TriggeredJS.Defined())

	_, err = (&store.Record{Dir: filepath.Join(dir, "missing")}).Divergences()
	require.ErrorContains(t, err, store.DivergenceFile)
}
