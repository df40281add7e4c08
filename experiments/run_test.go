package experiments

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/game"
)

// ofCell is what in a stored file depends on the cell alone: all of it, but for
// the run that a result tells of.
func ofCell(t *testing.T, path string) string {
	t.Helper()
	if filepath.Base(path) != ResultFile {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(data)
	}
	result, err := readResult(filepath.Dir(path))
	require.NoError(t, err)
	result.Run = Run{}
	data, err := encodeJSON(result)
	require.NoError(t, err)
	return string(data)
}

// stored reads the result of a cell.
func stored(t *testing.T, store *Store, hash string) Result {
	t.Helper()
	record, err := store.Read(hash)
	require.NoError(t, err)
	return record.Result
}

// The single games that a result names are those that a plan plays.
func TestSinglesOfAResultAreThoseOfThePlan(t *testing.T) {
	plan := defendedPlan(t, defendedConfig(t, "cutmix", "indexing", "indexing_unknown"))
	for _, planned := range plan.Games {
		require.NotEmpty(t, planned.Singles)
		models := []string{planned.Cell}
		for _, defender := range planned.Defenders {
			models = append(models, defender.Models...)
		}
		for _, hash := range models {
			cell, _ := plan.Cell(hash)
			singles, err := cell.singles(&game.Score{Attackers: make([]game.AttackerScore, 1)})
			require.NoError(t, err)
			require.Len(t, singles, len(cell.Game.Attackers))
			for _, single := range singles {
				if want, ok := planned.Singles[single.ID]; ok {
					require.Equal(t, want, single.Cell)
				}
				require.Equal(t, single.Cell == hash, single.ASR != nil)
			}
		}
	}
}

// Whatever the order and the number of workers, every result has the ASR of each
// of its attackers alone in the end; the fourth is not played alone.
func TestResultsHaveTheirSingleASRs(t *testing.T) {
	plan := newTinyPlan(t)
	for workers := range 3 {
		store := openStore(t)
		backwards := append([]Cell{}, plan.Cells[len(plan.Cells)-1])
		runner, _ := newRunner(store, workers+1, fault{})
		_, err := runner.Run(context.Background(), append(backwards, plan.Cells[:len(plan.Cells)-1]...))
		require.NoError(t, err)
		requireNoLeftovers(t, store)
		for _, planned := range plan.Games {
			result := stored(t, store, planned.Cell)
			for i, single := range result.Run.Single {
				require.Equal(t, result.Attackers[i].ID, single.ID)
				if single.ID == 3 {
					require.Nil(t, single.ASR)
					continue
				}
				alone := stored(t, store, planned.Singles[single.ID])
				require.Equal(t, &alone.Attackers[0].ASR, single.ASR)
			}
		}
	}
}

// A single game that is played later completes the results of earlier runs that
// the later run asks for too.
func TestLaterRunCompletesEarlierResults(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	game := plan.Games[1]
	pair, _ := plan.Cell(game.Cell)
	runner, _ := newRunner(store, 1, fault{})
	_, err := runner.Run(context.Background(), []Cell{pair})
	require.NoError(t, err)
	before := stored(t, store, game.Cell)
	require.Len(t, before.open(), 2)

	_, err = runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	after := stored(t, store, game.Cell)
	require.Empty(t, after.open())
	require.Equal(t, before.Digest, after.Digest)
	require.Equal(t, before.Run.Timing, after.Run.Timing)
	require.NotEqual(t, before.Run.Digest, after.Run.Digest)
}

func TestDigestsCoverEveryFigure(t *testing.T) {
	result, err := Result{
		Format: ResultFormat, Cell: "a", CleanAccuracy: game.Rate{Hits: 37, Of: 40},
		Run: Run{Single: []Single{{ID: 1}}},
	}.sealed()
	require.NoError(t, err)
	text, err := encodeJSON(result)
	require.NoError(t, err)
	require.NoError(t, checkDigests(text))
	for from, to := range map[string]string{
		`"seed": 0`: `"seed": 1`, `"hits": 37`: `"hits": 36`, `"rate": 0.925`: `"rate": 0.725`,
		`"resumed_epochs": 0`: `"resumed_epochs": 1`, `"id": 1`: `"id": 2`, `"run": {`: `"ruin": {`,
	} {
		changed := bytes.Replace(text, []byte(from), []byte(to), 1)
		require.NotEqual(t, text, changed)
		require.ErrorContains(t, checkDigests(changed), ResultFile, from)
	}
}
