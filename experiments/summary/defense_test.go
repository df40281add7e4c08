package summary_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
	"backfire/stats"
)

// Every attacker's figures are from the model that answers it, standard accuracy
// is the mean over the models, and all of it beside the undefended twin.
func TestRowsOfDefenders(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "none", "cutmix", "indexing", "pgd")
	cfg.Attackers.Counts = []int{3}
	sweep := enginetest.NewSweep(t, plan.SweepPoint{Config: cfg})
	require.Len(t, sweep.Cells, 1+1+1+3+1, "a single, the twin, cutmix, three models, pgd")
	s, store := runtest.StoredSummary(t, sweep)
	games := s.Points[0].Games
	require.Empty(t, s.Missing)
	require.Len(t, games, 4)
	twin, cut, indexed, pgd := games[0], games[1], games[2], games[3]
	for i, name := range []string{"none", "cutmix", "indexing", "pgd"} {
		require.Equal(t, name, games[i].Defender)
		require.True(t, games[i].Complete)
		require.Equal(t, games[i].Models[0], games[i].Cell)
		require.Equal(t, int64(640), games[i].Cost.Undefended)
		require.Equal(t, twin.Attackers[0].SingleASR, games[i].Attackers[0].SingleASR, "singles are undefended")
	}
	require.Nil(t, twin.Difference)
	require.Equal(t, int64(640), twin.Cost.Images)
	require.Equal(t, int64(640), cut.Cost.Images)
	require.Equal(t, int64(1280), pgd.Cost.Images)
	require.Equal(t, 3, indexed.Cost.Models)
	require.Len(t, indexed.Models, 3)
	hits, of, images := 0, 0, int64(0)
	var asrs []float64
	losses := map[float64]bool{}
	for i, hash := range indexed.Models {
		record, err := store.Read(hash)
		require.NoError(t, err)
		hits, of = hits+record.Result.CleanAccuracy.Hits, of+record.Result.CleanAccuracy.Of
		images += 2 * int64(record.Result.TrainingImages)
		asrs = append(asrs, record.Result.Attackers[i].ASR.Value())
		losses[record.Result.FinalLoss] = true
		require.Equal(t, hash, indexed.Attackers[i].Model)
		require.Equal(t, record.Result.Attackers[i], indexed.Attackers[i].AttackerResult)
	}
	require.Len(t, losses, 3, "the models saw different images")
	require.Equal(t, game.Rate{Hits: hits, Of: of}, indexed.CleanAccuracy)
	require.Equal(t, images, indexed.Cost.Images)
	require.Equal(t, stats.Summarize(asrs), indexed.ASR)
	require.Equal(t, indexed.ASR.Mean-twin.ASR.Mean, indexed.Difference.ASR)
	require.InDelta(t, indexed.CleanAccuracy.Value()-twin.CleanAccuracy.Value(), float64(indexed.Difference.CleanAccuracy), 1e-12) // one subtraction

	require.NoError(t, os.RemoveAll(store.Path(indexed.Models[2])))
	s, err := summary.Summarize(sweep, store)
	require.NoError(t, err)
	games = s.Points[0].Games
	require.False(t, games[2].Complete)
	require.Len(t, s.Missing, 1)
	require.Nil(t, games[2].Difference)
	require.NoError(t, os.RemoveAll(store.Path(twin.Cell)))
	s, err = summary.Summarize(sweep, store)
	require.NoError(t, err)
	games = s.Points[0].Games
	require.True(t, games[1].Complete)
	require.Nil(t, games[1].Difference)
	require.Zero(t, games[1].Cost.Undefended)
}
