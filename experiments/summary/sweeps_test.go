package summary_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
	"backfire/internal/runtest"
)

func weakSweep(t *testing.T) *plan.Sweep {
	t.Helper()
	return enginetest.NewSweep(t,
		enginetest.TinyPoint(t, "verified", enginetest.WeakConfig(enginetest.WeakBound)), enginetest.TinyPoint(t, "as drawn", enginetest.WeakConfig(0)),
		enginetest.TinyPoint(t, "other images", func(c *config.Config) { enginetest.WeakConfig(enginetest.WeakBound)(c); c.Data.Path = "other" }))
}

// asJSON is a summary as it is stored: two with the same are the same, although
// NaN differs from itself.
func asJSON(t *testing.T, summary *summary.Summary) string {
	t.Helper()
	for _, point := range summary.Points {
		for i := range point.Games {
			point.Games[i].TrainSeconds = 0 // the only thing that is not the same each time
		}
	}
	data, err := jsonfile.Encode(summary)
	require.NoError(t, err)
	return string(data)
}

// undisturbedSweep is what one worker makes of weakSweep when nothing happens: its
// summary and the content of its store.
func undisturbedSweep(t *testing.T) (string, map[string]string) {
	t.Helper()
	quietSweep.Do(func() {
		store := enginetest.OpenStore(t)
		summary, _, _ := runtest.RunSweep(t, weakSweep(t), store, 1)
		quietSummary, quietStore = asJSON(t, summary), enginetest.Content(t, store)
	})
	require.NotEmpty(t, quietStore)
	return quietSummary, quietStore
}

// What undisturbedSweep returns, made once for all tests.
var (
	quietSweep   sync.Once
	quietSummary string
	quietStore   map[string]string
)

func TestSweepDrawsTriggersAgainUntilTheyWork(t *testing.T) {
	sweep, store := weakSweep(t), enginetest.OpenStore(t)
	summary, outcome, seen := runtest.RunSweep(t, sweep, store, 2)
	want, _ := undisturbedSweep(t)
	require.Equal(t, want, asJSON(t, summary))
	enginetest.RequireNoLeftovers(t, store)
	require.Empty(t, summary.Missing)
	require.Greater(t, outcome.Cells, len(sweep.Cells), "some triggers were redrawn")
	require.Equal(t, outcome.Cells, outcome.Trained)
	require.Len(t, enginetest.Content(t, store), 4*outcome.Cells, "four files depend on the cell alone")
	revised := seen.Of(worker.KindRevised)
	require.NotEmpty(t, revised)
	require.Equal(t, outcome.Cells, revised[len(revised)-1].Cells)

	redrawn := 0
	for _, point := range summary.Points {
		for _, g := range point.Games {
			require.True(t, g.Complete)
			require.Equal(t, plan.Undefended, g.Defender)
			for _, a := range g.Attackers {
				require.NotNil(t, a.SingleASR)
				if point.Name == "as drawn" {
					require.Empty(t, a.Candidates)
					continue
				}
				kept := slices.IndexFunc(a.Candidates, func(d plan.Candidate) bool { return d.Kept })
				require.NotEqual(t, a.Candidates[kept].Cell, a.SingleCell, "the single that verifies is never the one that is compared")
				single, err := store.Read(a.SingleCell)
				require.NoError(t, err)
				require.Equal(t, single.Result.Attackers[0].Trigger, a.Trigger, "the trigger that was verified is played")
				for _, d := range a.Candidates[:len(a.Candidates)-1] {
					require.Less(t, d.ASR.Value(), enginetest.WeakBound)
				}
				require.GreaterOrEqual(t, a.Candidates[kept].ASR.Value(), enginetest.WeakBound)
				if len(a.Candidates) > 1 {
					redrawn++
				}
			}
		}
	}
	require.Positive(t, redrawn)

	// A repetition needs no worker: any process can resume from the store.
	r, _ := runtest.NewRunner(store, 2, enginetest.Fault{})
	r.Command = func() (*exec.Cmd, error) { return nil, os.ErrInvalid }
	again, err := r.RunSweep(context.Background(), weakSweep(t))
	require.NoError(t, err)
	require.Equal(t, &runner.Outcome{Cells: outcome.Cells, Stored: outcome.Cells}, again)
}

func TestSweepDoesNotDependOnWorkersOrOtherRuns(t *testing.T) {
	want, files := undisturbedSweep(t)
	store := enginetest.OpenStore(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			runner, _ := runtest.NewRunner(store, 2, enginetest.Fault{})
			_, err := runner.RunSweep(context.Background(), weakSweep(t))
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	got, outcome, _ := runtest.RunSweep(t, weakSweep(t), store, 1)
	require.Zero(t, outcome.Trained)
	require.Equal(t, want, asJSON(t, got))
	require.Equal(t, files, enginetest.Content(t, store))
}

func TestInterruptedSweepResumesFromTheStore(t *testing.T) {
	want, files := undisturbedSweep(t)
	store := enginetest.OpenStore(t)
	for rounds := 0; ; rounds++ {
		ctx, interrupt := context.WithCancel(context.Background())
		r, _ := runtest.NewRunner(store, 1, enginetest.Fault{})
		done := 0
		r.Observer = worker.ObserverFunc(func(e worker.Event) {
			if e.Kind == worker.KindDone {
				if done++; done == 7 {
					interrupt()
				}
			}
		})
		_, err := r.RunSweep(ctx, weakSweep(t))
		interrupt()
		if err == nil {
			require.Greater(t, rounds, 2)
			break
		}
		require.ErrorIs(t, err, runner.ErrInterrupted)
	}
	got, _, _ := runtest.RunSweep(t, weakSweep(t), store, 1)
	require.Equal(t, want, asJSON(t, got))
	require.Equal(t, files, enginetest.Content(t, store))
	enginetest.RequireNoLeftovers(t, store)
}

// A single game that fails keeps the games of its attacker from being known; the
// others are played.
func TestFailedSingleBlocksOnlyTheGamesOfItsAttacker(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		p0, p1, p2 := 0.8, 0.8, 0.9 // they work at once
		c.Attackers.P0, c.Attackers.P1, c.Attackers.P2, c.Trigger.MinSingleASR = &p0, &p1, &p2, 0.5
	}))
	verifies := slices.IndexFunc(sweep.Cells, func(c cell.Cell) bool { return c.Title() == enginetest.Verifying(2, 4, 1) })
	third, err := sweep.Cells[verifies].Hash()
	require.NoError(t, err)
	store := enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(store, 2, enginetest.Fault{Cell: third, Kind: "diverge", Epoch: 1})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Len(t, outcome.Failed, 1)
	require.Equal(t, 8, outcome.Cells)
	require.Equal(t, 5, outcome.Trained, "attackers 0 and 1 alone, each to verify and to compare, and N = 2")
	summary, err := summary.Summarize(sweep, store)
	require.NoError(t, err)
	var complete []bool
	for _, g := range summary.Points[0].Games {
		complete = append(complete, g.Complete)
	}
	require.Equal(t, []bool{true, true, false}, complete)
	require.Len(t, summary.Missing, 3, "attacker 2 alone to verify and to compare, and N = 4")
}

// A game that was played with triggers of which nothing was asked is not the
// game that waits for its triggers, although it would be if they were kept.
func TestGamesThatWaitHaveNoResult(t *testing.T) {
	store := enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(store, 1, enginetest.Fault{})
	two := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) { c.Deal.Seats, c.Attackers.Counts = "2", []int{1, 2} })).Cells[2]
	_, err := runner.Run(context.Background(), []cell.Cell{two})
	require.NoError(t, err)
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		c.Trigger.MinSingleASR, c.Attackers.Counts = 0.5, []int{2}
	}))
	require.Contains(t, sweep.Cells, two)
	sum, err := summary.Summarize(sweep, store)
	require.NoError(t, err)
	require.False(t, sum.Points[0].Games[0].Complete)
	require.Len(t, sum.Missing, 5)
}

func TestSweepSummaryIsStored(t *testing.T) {
	sweep, st := enginetest.NewSweep(t, enginetest.TinyPoint(t, "one", func(c *config.Config) { c.Attackers.Counts = []int{1, 2} })), enginetest.OpenStore(t)
	sum, _, _ := runtest.RunSweep(t, sweep, st, 2)
	require.NoError(t, sum.Write(context.Background(), st))
	hash, err := sweep.Hash()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(st.Dir(), "plans", hash, store.SweepFile), sum.Path)
	var read summary.Summary
	require.NoError(t, jsonfile.Read(sum.Path, &read))
	require.Equal(t, asJSON(t, sum), asJSON(t, &read))
	point := read.Points[0]
	require.Equal(t, map[string]string{"name": "one"}, point.Keys)
	require.Equal(t, "same", point.Labels)
	require.Equal(t, string(game.PerAgent), point.Readings.Sampling)
	require.Len(t, point.Games, 2)
	require.NotNil(t, point.Games[0].Overlaps)
	require.Equal(t, 2, point.Games[1].N)
	enginetest.RequireNoLeftovers(t, st)
}
