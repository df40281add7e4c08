package summary_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/indexing"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/experiments/worker"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// reader reads the results of a store.
func reader(st *store.Store) *plan.CachedReader { return plan.NewCachedReader(st) }

// requireAnswers requires the figures of each attacker to be those of the model that
// answers it.
func requireAnswers(t *testing.T, st *store.Store, defender plan.PlannedDefender, g summary.GameSummary) {
	t.Helper()
	hits := 0
	for agent, answer := range defender.Answers {
		record, err := st.Read(defender.Models[answer])
		require.NoError(t, err)
		hits += record.Result.CleanAccuracy.Hits
		require.Equal(t, record.Result.Attackers[agent], g.Attackers[agent].AttackerResult)
	}
	require.Equal(t, hits, g.CleanAccuracy.Hits, "over the models that answer, not the one that the others start from")
}

// The base is trained first, the segments that the others start from are trained and
// counted once, and a killed worker changes nothing.
func TestSlicedRun(t *testing.T) {
	plan, defender := enginetest.SlicedPlan(t)
	images := int64(0)
	planned, err := indexing.NewPlan(indexing.Settings{Mode: indexing.Sliced, Models: 2}, 4, 5, plan.Cells[0].Game.Seed)
	require.NoError(t, err)
	cost, err := planned.Cost(128, []int{48, 48, 48, 48})
	require.NoError(t, err)
	for _, hash := range defender.Models {
		cell, _ := plan.Cell(hash)
		images += cell.TrainedImages()
	}
	require.Equal(t, cost.Images, images, "as planned")

	quiet := enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(quiet, 1, enginetest.Fault{})
	_, err = runner.Run(context.Background(), plan.Cells)
	require.NoError(t, err)
	want := enginetest.Deterministic(t, quiet, plan)
	base := defender.Models[0]
	later := defender.Models[4] // of the second slice
	for _, fault := range []enginetest.Fault{{}, {Cell: base, Kind: "kill", Epoch: 3}, {Cell: later, Kind: "kill", Epoch: 4}, {Cell: base, Kind: "fail", Epoch: 1}} {
		t.Run(fmt.Sprint(fault.Kind, fault.Epoch), func(t *testing.T) {
			if fault.Kind == "kill" {
				fault.Once = filepath.Join(t.TempDir(), "killed")
			}
			store := enginetest.OpenStore(t)
			runner, seen := runtest.NewRunner(store, 2, fault)
			outcome, err := runner.Run(context.Background(), plan.Cells)
			require.NoError(t, err)
			if fault.Kind == "fail" {
				require.Len(t, outcome.Failed, 1)
				require.Equal(t, 5, outcome.Trained, "the others train what is missing")
				return
			}
			require.Empty(t, outcome.Failed)
			require.Equal(t, want, enginetest.Deterministic(t, store, plan))
			games, err := summary.Games(plan, reader(store))
			require.NoError(t, err)
			require.Equal(t, indexing.Cost{Models: 5, Images: cost.Images, Undefended: cost.Undefended}, games[1].Cost)
			requireAnswers(t, store, defender, games[1])
			done := -1
			for i, e := range seen.Events {
				switch {
				case e.Cell == base && e.Kind == worker.KindDone:
					done = i
				case e.Kind == worker.KindStarted && slices.Contains(defender.Models[1:], e.Cell):
					if cell, _ := plan.Cell(e.Cell); cell.SharedSegments() > 0 {
						require.GreaterOrEqual(t, done, 0, "%s begins before the state is there", e.Title)
					}
				}
			}
		})
	}
}

// The time that models took counts the slices that several of them share once.
func TestSharedSlicesTakeTheirTimeOnce(t *testing.T) {
	p, defender := enginetest.SlicedPlan(t)
	st := enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(st, 2, enginetest.Fault{})
	_, err := runner.Run(context.Background(), p.Cells)
	require.NoError(t, err)
	results := plan.NewCachedReader(st)
	continued := 0
	for at, hash := range defender.Models {
		record, err := results.Record(hash)
		require.NoError(t, err)
		if at > 0 && record.Cell.SharedSegments() > 0 {
			continued++
		}
		epochs, err := record.Metrics()
		require.NoError(t, err)
		for i := range epochs {
			epochs[i].Seconds = 1
		}
		require.NoError(t, store.WriteMetrics(record.File(store.MetricsFile), epochs))
	}
	seconds, err := summary.TrainSeconds(p, p.Games[0], results, defender.Models)
	require.NoError(t, err)
	require.Equal(t, 2, continued)
	require.Equal(t, 5.*5-2*2, seconds, "five epochs each; two of them lack the first slice's two")
}
