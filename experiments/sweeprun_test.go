package experiments

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
	"backfire/game"
)

// weakConfig plays N = 1, 2, 3 with triggers that do not always work on the tiny
// set.
func weakConfig(bound float64) func(*config.Config) {
	return func(c *config.Config) {
		p0, p1, p2 := 0.5, 0.5, 0.9
		c.Attackers.Counts, c.Attackers.P0, c.Attackers.P1, c.Attackers.P2 = []int{1, 2, 3}, &p0, &p1, &p2
		c.Trigger.MinSingleASR = bound
	}
}

// weakBound is reached by the third trigger of attacker 0, a later one of
// attacker 1 and the second of attacker 2.
const weakBound = 0.6

func weakSweep(t *testing.T) *Sweep {
	t.Helper()
	return newSweep(t,
		tinyPoint(t, "verified", weakConfig(weakBound)), tinyPoint(t, "as drawn", weakConfig(0)),
		tinyPoint(t, "other images", func(c *config.Config) { weakConfig(weakBound)(c); c.Data.Path = "other" }))
}

// content is what in the files of a store depends on the cells alone.
func content(t *testing.T, store *Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range []string{CellFile, ResultFile, PoisonFile, PredictionsFile} {
		paths, err := filepath.Glob(filepath.Join(store.Dir(), "*", name))
		require.NoError(t, err)
		for _, path := range paths {
			relative, err := filepath.Rel(store.Dir(), path)
			require.NoError(t, err)
			all[relative] = ofCell(t, path)
		}
	}
	return all
}

// runSweep plays a sweep and returns its summary.
func runSweep(t *testing.T, sweep *Sweep, store *Store, workers int) (*SweepSummary, *Outcome, *recorder) {
	t.Helper()
	runner, seen := newRunner(store, workers, fault{})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Empty(t, outcome.Failed)
	summary, err := SummarizeSweep(sweep, store)
	require.NoError(t, err)
	return summary, outcome, seen
}

// asJSON is a summary as it is stored: two with the same are the same, although
// NaN differs from itself.
func asJSON(t *testing.T, summary *SweepSummary) string {
	t.Helper()
	for _, point := range summary.Points {
		for i := range point.Games {
			point.Games[i].TrainSeconds = 0 // the only thing that is not the same each time
		}
	}
	data, err := encodeJSON(summary)
	require.NoError(t, err)
	return string(data)
}

// undisturbedSweep is what one worker makes of weakSweep when nothing happens: its
// summary and the content of its store.
func undisturbedSweep(t *testing.T) (string, map[string]string) {
	t.Helper()
	quietSweep.Do(func() {
		store := openStore(t)
		summary, _, _ := runSweep(t, weakSweep(t), store, 1)
		quietSummary, quietStore = asJSON(t, summary), content(t, store)
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
	sweep, store := weakSweep(t), openStore(t)
	summary, outcome, seen := runSweep(t, sweep, store, 2)
	want, _ := undisturbedSweep(t)
	require.Equal(t, want, asJSON(t, summary))
	requireNoLeftovers(t, store)
	require.Empty(t, summary.Missing)
	require.Greater(t, outcome.Cells, len(sweep.Cells), "some triggers were drawn again")
	require.Equal(t, outcome.Cells, outcome.Trained)
	require.Len(t, content(t, store), 4*outcome.Cells, "four files depend on the cell alone")
	revised := seen.of(KindRevised)
	require.NotEmpty(t, revised)
	require.Equal(t, outcome.Cells, revised[len(revised)-1].Cells)

	redrawn := 0
	for _, point := range summary.Points {
		for _, g := range point.Games {
			require.True(t, g.Complete)
			require.Equal(t, Undefended, g.Defender)
			for _, a := range g.Attackers {
				require.NotNil(t, a.SingleASR)
				if point.Name == "as drawn" {
					require.Empty(t, a.Draws)
					continue
				}
				kept := slices.IndexFunc(a.Draws, func(d Draw) bool { return d.Kept })
				require.Equal(t, a.Draws[kept].ASR, a.SingleASR)
				require.Equal(t, a.Draws[kept].Cell, a.SingleCell)
				single, err := store.Read(a.SingleCell)
				require.NoError(t, err)
				require.Equal(t, single.Result.Attackers[0].Trigger, a.Trigger, "the trigger that was verified is played")
				for _, d := range a.Draws[:len(a.Draws)-1] {
					require.Less(t, d.ASR.Value(), weakBound)
				}
				require.GreaterOrEqual(t, a.Draws[kept].ASR.Value(), weakBound)
				if len(a.Draws) > 1 {
					redrawn++
				}
			}
		}
	}
	require.Positive(t, redrawn)

	// The same again needs no worker: any process can go on from the store.
	runner, _ := newRunner(store, 2, fault{})
	runner.Command = func() (*exec.Cmd, error) { return nil, os.ErrInvalid }
	again, err := runner.RunSweep(context.Background(), weakSweep(t))
	require.NoError(t, err)
	require.Equal(t, &Outcome{Cells: outcome.Cells, Stored: outcome.Cells}, again)
}

func TestSweepDoesNotDependOnWorkersOrOtherRuns(t *testing.T) {
	want, files := undisturbedSweep(t)
	store := openStore(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			runner, _ := newRunner(store, 2, fault{})
			_, err := runner.RunSweep(context.Background(), weakSweep(t))
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	got, outcome, _ := runSweep(t, weakSweep(t), store, 1)
	require.Zero(t, outcome.Trained)
	require.Equal(t, want, asJSON(t, got))
	require.Equal(t, files, content(t, store))
}

func TestInterruptedSweepGoesOnFromTheStore(t *testing.T) {
	want, files := undisturbedSweep(t)
	store := openStore(t)
	for rounds := 0; ; rounds++ {
		ctx, interrupt := context.WithCancel(context.Background())
		runner, _ := newRunner(store, 1, fault{})
		done := 0
		runner.Observer = ObserverFunc(func(e Event) {
			if e.Kind == KindDone {
				if done++; done == 7 {
					interrupt()
				}
			}
		})
		_, err := runner.RunSweep(ctx, weakSweep(t))
		interrupt()
		if err == nil {
			require.Greater(t, rounds, 2)
			break
		}
		require.ErrorIs(t, err, ErrInterrupted)
	}
	got, _, _ := runSweep(t, weakSweep(t), store, 1)
	require.Equal(t, want, asJSON(t, got))
	require.Equal(t, files, content(t, store))
	requireNoLeftovers(t, store)
}

// A single game that fails keeps the games of its attacker from being known; the
// others are played.
func TestFailedSingleBlocksOnlyTheGamesOfItsAttacker(t *testing.T) {
	sweep := newSweep(t, tinyPoint(t, "", func(c *config.Config) {
		p1, p2 := 0.6, 0.9 // they work at once
		c.Attackers.P1, c.Attackers.P2, c.Trigger.MinSingleASR = &p1, &p2, 0.5
	}))
	third, err := sweep.Cells[3].Hash()
	require.NoError(t, err)
	require.Equal(t, "attacker 2 alone", sweep.Cells[3].Title())
	store := openStore(t)
	runner, _ := newRunner(store, 2, fault{Cell: third, Kind: "diverge", Epoch: 1})
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Len(t, outcome.Failed, 1)
	require.Equal(t, 5, outcome.Cells)
	require.Equal(t, 3, outcome.Trained)
	summary, err := SummarizeSweep(sweep, store)
	require.NoError(t, err)
	var complete []bool
	for _, g := range summary.Points[0].Games {
		complete = append(complete, g.Complete)
	}
	require.Equal(t, []bool{true, true, false}, complete)
	require.Len(t, summary.Missing, 2)
}

// A game that was played with triggers of which nothing was asked is not the
// game that waits for its triggers, although it would be if they were kept.
func TestGamesThatWaitHaveNoResult(t *testing.T) {
	store := openStore(t)
	runner, _ := newRunner(store, 1, fault{})
	two := newSweep(t, tinyPoint(t, "", func(*config.Config) {})).Cells[2]
	_, err := runner.Run(context.Background(), []Cell{two})
	require.NoError(t, err)
	sweep := newSweep(t, tinyPoint(t, "", func(c *config.Config) {
		c.Trigger.MinSingleASR, c.Attackers.Counts = 0.5, []int{2}
	}))
	require.Equal(t, two, sweep.Cells[2])
	summary, err := SummarizeSweep(sweep, store)
	require.NoError(t, err)
	require.False(t, summary.Points[0].Games[0].Complete)
	require.Len(t, summary.Missing, 3)
	stage, err := sweep.Settle(store)
	require.NoError(t, err)
	plain, err := Summarize(stage.Plans[0], store)
	require.NoError(t, err)
	require.False(t, plain.Rows[0].Complete)
	require.Len(t, plain.Missing, 3)
}

func TestSweepSummaryIsStored(t *testing.T) {
	sweep, store := newSweep(t, tinyPoint(t, "one", func(c *config.Config) { c.Attackers.Counts = []int{1, 2} })), openStore(t)
	summary, _, _ := runSweep(t, sweep, store, 2)
	require.NoError(t, summary.Write(context.Background(), store))
	hash, err := sweep.Hash()
	require.NoError(t, err)
	require.Equal(t, filepath.Join(store.Dir(), "plans", hash, SweepFile), summary.Path)
	var read SweepSummary
	require.NoError(t, readJSON(summary.Path, &read))
	require.Equal(t, asJSON(t, summary), asJSON(t, &read))
	point := read.Points[0]
	require.Equal(t, map[string]string{"name": "one"}, point.Keys)
	require.Equal(t, "same", point.Labels)
	require.Equal(t, string(game.PerAgent), point.Readings.Sampling)
	require.Len(t, point.Games, 2)
	require.NotNil(t, point.Games[0].Overlaps)
	require.Equal(t, 2, point.Games[1].N)
	requireNoLeftovers(t, store)
}
