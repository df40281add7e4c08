package summary_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/detect"
	"backfire/defenses/indexing"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// found returns one entry of the comparison.
func found(t *testing.T, row summary.GameResult, similarity string, form indexing.Form, update indexing.Update) summary.UnknownIndex {
	t.Helper()
	i := slices.IndexFunc(row.Unknown, func(u summary.UnknownIndex) bool {
		return u.Similarity == similarity && u.Query == form && u.Update == update
	})
	require.GreaterOrEqual(t, i, 0)
	return row.Unknown[i]
}

// A perfect guess gives what an index gives; every estimator's figures are those
// of the models that its guesses choose; random and perfect guesses bound how
// often a guess is right.
func TestUnknownIndexFromStoredPredictions(t *testing.T) {
	cfg := enginetest.UnknownConfig(t)
	s, st := runtest.StoredSummary(t, enginetest.NewSweep(t, plan.SweepPoint{Config: cfg}))
	games := s.Points[0].Games
	twin, exact, grouped, unknown := games[0].GameResult, games[1].GameResult, games[2].GameResult, games[3].GameResult
	require.Len(t, unknown.Unknown, len(indexing.Updates())*len(indexing.Forms())*(len(detect.Methods())+2))
	planned := enginetest.DefenderOf(t, enginetest.DefendedPlan(t, cfg), "indexing_unknown")
	record, err := st.Read(planned.Models[1])
	require.NoError(t, err)
	base, err := st.Read(planned.Models[0])
	require.NoError(t, err)
	same := record.Result
	same.Cell, same.Digest, same.Provenance = base.Result.Cell, base.Result.Digest, base.Result.Provenance
	require.Equal(t, base.Result, same, "the model that is asked is the base")

	for _, form := range indexing.Forms() {
		for update, known := range map[indexing.Update]summary.GameResult{indexing.Retrain: exact, indexing.Pick: grouped} {
			u := found(t, unknown, summary.GuessPerfect, form, update)
			require.Equal(t, game.Rate{Hits: u.TopOne.Of, Of: u.TopOne.Of}, u.TopOne)
			require.Equal(t, known.CleanAccuracy, u.CleanAccuracy)
			require.Equal(t, known.ASR, u.ASR)
			require.Equal(t, known.Robustness, u.Robustness)
			require.Equal(t, known.Cost.Images+twin.Cost.Images, u.Cost.Images, "and the model that is asked")
			require.Equal(t, known.Cost.Models+1, u.Cost.Models)
			random := found(t, unknown, summary.GuessRandom, form, update)
			require.Equal(t, 1./3, random.TopOne.Value())
			require.Equal(t, known.CleanAccuracy.Value(), random.CleanAccuracy.Value(), "each model answers as often as any other")
		}
		u := found(t, unknown, summary.GuessPerfect, form, indexing.Unlearn)
		require.Equal(t, twin.Cost.Images+3*2*10*16, u.Cost.Images)
		require.Equal(t, 1, u.Cost.Models)
	}

	requireGuesses(t, st, planned, unknown)
	requireRandomGuesses(t, st, planned, unknown)

	// The row itself is that of the configured similarity, query and update.
	u := found(t, unknown, "mmd", indexing.Batch, indexing.Retrain)
	require.Equal(t, u.ASR, unknown.ASR)
	require.Equal(t, u.Robustness, unknown.Robustness)
	require.Equal(t, u.CleanAccuracy, unknown.CleanAccuracy)
	require.Equal(t, u.Cost, unknown.Cost)
	require.Equal(t, twin.Cost.Images, u.Cost.Undefended)
	require.Equal(t, u.ASR.Mean-twin.ASR.Mean, unknown.Difference.ASR)
	require.Empty(t, twin.Unknown)

	require.NoError(t, os.Remove(filepath.Join(st.Path(planned.Models[1]), store.UnlearnedFile)))
	_, err = st.Read(planned.Models[1])
	require.ErrorIs(t, err, store.ErrBroken)
}

// requireGuesses derives the figures of one estimator from the stored files.
func requireGuesses(t *testing.T, st *store.Store, planned plan.PlannedDefender, unknown summary.GameResult) {
	t.Helper()
	lines := enginetest.ReadCSV(t, filepath.Join(st.Path(planned.Models[1]), store.QueriesFile))
	column := slices.Index(lines[0], "batch_js")
	right, hits, of := 0, make([]int, 3), make([]int, 3)
	for _, line := range lines[1:] {
		if line[2] == "" {
			continue
		}
		owner, guess := int(line[1][0]-'0'), int(line[column][0]-'0')
		require.Equal(t, line[1], line[2])
		if owner == guess {
			right++
		}
		if line[3] == "1" {
			continue // already of the target class
		}
		answering, err := st.Read(planned.Models[2+guess])
		require.NoError(t, err)
		predicted, err := answering.Predictions(len(answering.Cell.Data.Classes))
		require.NoError(t, err)
		at, err := strconv.Atoi(line[0])
		require.NoError(t, err)
		of[owner]++
		if predicted[at] == 1 {
			hits[owner]++
		}
	}
	u := found(t, unknown, "js", indexing.Batch, indexing.Retrain)
	require.Equal(t, right, u.TopOne.Hits)
	for i, a := range u.Attackers() {
		require.Equal(t, game.Rate{Hits: hits[i], Of: of[i]}, a.ASR)
	}
}

// requireRandomGuesses derives the figures of random guesses, for which every model
// answers every query, from the stored files.
func requireRandomGuesses(t *testing.T, st *store.Store, planned plan.PlannedDefender, unknown summary.GameResult) {
	t.Helper()
	lines := enginetest.ReadCSV(t, filepath.Join(st.Path(planned.Models[1]), store.QueriesFile))
	random := found(t, unknown, summary.GuessRandom, indexing.Image, indexing.Retrain)
	hits, of := make([]int, 3), make([]int, 3)
	for _, model := range planned.Models[2:] {
		answering, err := st.Read(model)
		require.NoError(t, err)
		predicted, err := answering.Predictions(len(answering.Cell.Data.Classes))
		require.NoError(t, err)
		for _, line := range lines[1:] {
			if line[2] == "" || line[3] == "1" {
				continue
			}
			owner := int(line[1][0] - '0')
			at, err := strconv.Atoi(line[0])
			require.NoError(t, err)
			of[owner]++
			if predicted[at] == 1 {
				hits[owner]++
			}
		}
	}
	for i, a := range random.Attackers() {
		require.Equal(t, game.Rate{Hits: hits[i], Of: of[i]}, a.ASR)
	}
}
