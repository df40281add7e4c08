package store_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

func TestSinglesOfAGame(t *testing.T) {
	c := enginetest.ExampleCell()
	score := &game.Score{Attackers: make([]game.AttackerScore, 2)}
	singles, err := store.SinglesOf(c, score)
	require.NoError(t, err)
	require.Len(t, singles, 2)
	alone := c.Lone(1) // the attackers' IDs are not their seats
	hash, err := alone.Hash()
	require.NoError(t, err)
	require.Equal(t, store.Single{ID: 4, Cell: hash}, singles[1])

	score.Attackers[0].ASR = game.Rate{Hits: 1, Of: 2}
	own, err := store.SinglesOf(alone, score)
	require.NoError(t, err)
	require.Equal(t, []store.Single{{ID: 4, Cell: hash, ASR: &game.Rate{Hits: 1, Of: 2}}}, own)

	for i := range c.Game.Attackers {
		c.Game.Attackers[i].ID = i
	}
	matched, err := store.SinglesOf(c, score)
	require.NoError(t, err)
	single, ok := c.MatchedSingle(1)
	require.True(t, ok)
	want, err := single.Hash()
	require.NoError(t, err)
	require.Equal(t, store.Single{ID: 1, Cell: want}, matched[1])
}

// Completing adds the ASRs that were not known and keeps the others, and the digest of the figures.
func TestSinglesAreCompleted(t *testing.T) {
	first := game.Rate{Hits: 1, Of: 4}
	result := store.Result{Format: store.ResultFormat, Provenance: store.Provenance{Single: []store.Single{{ID: 0, Cell: "a", ASR: &first}, {ID: 1, Cell: "b"}, {ID: 2, Cell: "c"}}}}
	require.Equal(t, []string{"b", "c"}, result.MissingSingles())

	same, completed, err := result.WithSingles(func(string) (*game.Rate, error) { return nil, nil })
	require.NoError(t, err)
	require.False(t, completed)
	require.Equal(t, result, same)

	more, completed, err := result.WithSingles(func(hash string) (*game.Rate, error) {
		return map[string]*game.Rate{"a": {Hits: 4, Of: 4}, "c": {Hits: 2, Of: 4}}[hash], nil
	})
	require.NoError(t, err)
	require.True(t, completed)
	require.Equal(t, []string{"b"}, more.MissingSingles())
	require.Equal(t, &first, more.Provenance.Single[0].ASR)
	require.Equal(t, &game.Rate{Hits: 2, Of: 4}, more.Provenance.Single[2].ASR)
	require.Equal(t, []string{"b", "c"}, result.MissingSingles(), "the result itself stays")
	dir := t.TempDir()
	require.NoError(t, more.Write(dir))
	read, err := store.ReadResult(disk.In(dir))
	require.NoError(t, err)
	require.Equal(t, more.Digest, read.Digest)

	unreadable := errors.New("no disk")
	_, _, err = result.WithSingles(func(string) (*game.Rate, error) { return nil, unreadable })
	require.ErrorIs(t, err, unreadable)
}
