package cli

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/report"
)

// smallGame is a game of tiny trainings on the images inside the program.
const smallGame = `
name: tiny
title: How much to poison
base: {pool.size: 200, model.width: 1, train.epochs: 1, attackers.p: 0.5}
players: 2
seeds: 2
strategies:
  low: {p0: 0.1}
  high: {p0: 0.8}
filter: spectral_signatures
prices: [0, 0.001]
budget: {models: 6}
`

// tinyGame returns the options of the game, in a store of its own.
func tinyGame(t *testing.T) (opts *SweepOptions, out func() string) {
	t.Helper()
	streams, outBuffer, _ := testStreams()
	file := filepath.Join(t.TempDir(), "tiny.yaml")
	require.NoError(t, os.WriteFile(file, []byte(smallGame), 0o600))
	engine := testEngine(t)
	return &SweepOptions{
		RunOptions: RunOptions{
			IO: streams, Load: datasets.Load, Describe: engine.Describe, Worker: engine.Worker,
			Config: config.Options{Sets: []string{"store=" + filepath.Join(t.TempDir(), "runs"), "device=cpu"}},
		},
		Game: file, Kind: report.Points, Out: t.TempDir(), Estimate: noEstimate,
	}, outBuffer.String
}

// A game is played and solved; a second call trains nothing and gives the same answers, and so
// does its stored plan.
func TestGameIsPlayedAndSolved(t *testing.T) {
	opts, out := tinyGame(t)
	require.NoError(t, runSweep(context.Background(), opts))
	text := out()
	for _, part := range []string{"Game tiny of 2 attackers", "Bare game: payoffs of all profiles", "With spectral_signatures: symmetric equilibria", "1 × low, 1 × high", "by the price of a poisoned image"} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, text, "no result yet")
	files, err := filepath.Glob(filepath.Join(opts.Out, "game-tiny-2-embedded.*"))
	require.NoError(t, err)
	require.Len(t, files, 7)
	page, err := os.ReadFile(filepath.Join(opts.Out, "game-tiny-2-embedded.html"))
	require.NoError(t, err)
	for _, part := range []string{"<svg ", `href="#m-1-1-"`, `id="m-1-1-"`, "--fig-ink:", `aria-label="Bare game: best responses`} {
		require.Contains(t, string(page), part)
	}
	var document struct {
		Result struct {
			Games  []struct{ Seeds []uint64 }
			Trials []struct {
				Models    []string
				Attackers []struct{ Poisoned int }
			}
		}
	}
	data, err := os.ReadFile(filepath.Join(opts.Out, "game-tiny-2-embedded.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &document))
	require.Len(t, document.Result.Games, 2)
	require.Equal(t, []uint64{1, 2}, document.Result.Games[0].Seeds)
	require.Len(t, document.Result.Trials, 6)
	require.Positive(t, document.Result.Trials[0].Attackers[0].Poisoned)

	again, outAgain := tinyGame(t)
	again.Config, again.Game, again.Out, again.Worker = opts.Config, opts.Game, opts.Out, noWorker(t)
	require.NoError(t, runSweep(context.Background(), again))
	require.Equal(t, text, outAgain())

	planned, sweep, err := makePlan(context.Background(), again)
	require.NoError(t, err)
	require.NotNil(t, planned.stored.Game)
	require.Len(t, sweep.Points, 6)
	_, err = planned.stored.Write(context.Background(), planned.store)
	require.NoError(t, err)
	streams, collected, _ := testStreams()
	require.NoError(t, runCollect(context.Background(), &CollectOptions{
		PlannedOptions: PlannedOptions{IO: streams, Plan: planned.stored.Sweep, Store: planned.store.Dir(), Load: datasets.Load}, Out: opts.Out,
	}))
	require.Equal(t, text, collected.String())
}

func TestGameRefusals(t *testing.T) {
	opts, _ := tinyGame(t)
	small := strings.Replace(smallGame, "models: 6", "models: 5", 1)
	require.NoError(t, os.WriteFile(opts.Game, []byte(small), 0o600))
	opts.Worker = noWorker(t)
	err := runSweep(context.Background(), opts)
	require.ErrorContains(t, err, "3 profiles, which take 6 models for 2 seeds")
	require.Equal(t, ExitUsage, ExitCode(err))
}

func TestGamesAreListed(t *testing.T) {
	streams, out, _ := testStreams()
	require.NoError(t, listGames(streams))
	for _, name := range config.Games() {
		require.Contains(t, out.String(), name)
	}
	require.Contains(t, out.String(), "4 strategies, 60 models")
}
