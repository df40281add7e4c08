package shares_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/audit/shares"
	"backfire/claims"
	"backfire/internal/streams"
	"backfire/stats"
)

// matrix returns the cross-trigger matrix of attackers whose network tells triggers apart
// with a probability: taken of the images are taken for a label, the rest for none.
func matrix(attackers []shares.Attacker, distinguishability, taken float64) [][]float64 {
	poisoned, withLabel := 0.0, map[int]float64{}
	for _, a := range attackers {
		poisoned += float64(a.Poisoned)
		withLabel[a.Target] += float64(a.Poisoned)
	}
	var rows [][]float64
	for _, a := range attackers {
		var row []float64
		for _, b := range attackers {
			share := (1 - distinguishability) * withLabel[b.Target] / poisoned
			if a.Target == b.Target {
				share += distinguishability
			}
			row = append(row, taken*share)
		}
		rows = append(rows, row)
	}
	return rows
}

// The formula: labels that all agree, or triggers that are told apart, keep the single
// ASR; otherwise it is divided by the shares of the labels.
func TestPredictions(t *testing.T) {
	game := shares.Game{Condition: "c", Seed: 3, Attackers: []shares.Attacker{
		{ID: 0, Target: 1, Poisoned: 60, ASR: 0.5, Single: 0.9},
		{ID: 1, Target: 1, Poisoned: 20, ASR: 0.5, Single: 0.8},
		{ID: 4, Target: 2, Poisoned: 20, ASR: 0.1, Single: 0.7},
		{ID: 5, Target: 2, Poisoned: 0, ASR: stats.Undefined(), Single: 0.7},
	}}
	predictions, err := shares.Predict([]shares.Game{game, {Attackers: game.Attackers[:1]}})
	require.NoError(t, err)
	require.Len(t, predictions, 3, "attackers that are alone or without an ASR have none")
	for i, want := range []struct{ agreement, predicted float64 }{{0.8, 0.72}, {0.8, 0.64}, {0.2, 0.14}} {
		require.InDelta(t, want.agreement, predictions[i].Agreement, 1e-12)
		require.InDelta(t, want.predicted, predictions[i].Predicted, 1e-12)
		require.False(t, predictions[i].Measured.Defined(), "no matrix")
	}
	require.InDelta(t, 0.8, predictions[2].Conflict(), 1e-12)
	require.InDelta(t, -0.6, predictions[2].Interference(), 1e-12)
	game.Design = 1
	predictions, err = shares.Predict([]shares.Game{game})
	require.NoError(t, err)
	for _, p := range predictions {
		require.Equal(t, p.Single, p.Predicted)
	}
}

// The matrix measures the distinguishability that it was made with, whatever the labels
// and the numbers of poisoned images, from the rows of the others alone.
func TestDistinguishabilityIsMeasured(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var attackers []shares.Attacker
		for i := range rapid.IntRange(2, 6).Draw(t, "n") {
			attackers = append(attackers, shares.Attacker{
				ID: i, Target: rapid.IntRange(0, 3).Draw(t, "target"), Poisoned: rapid.IntRange(1, 90).Draw(t, "poisoned"), ASR: 0.5, Single: 0.5,
			})
		}
		attackers[0].Target, attackers[1].Target = 0, 1 // so that labels differ
		d := rapid.Float64Range(0, 1).Draw(t, "distinguishability")
		game := shares.Game{Condition: "c", Attackers: attackers, Cross: matrix(attackers, d, 0.9)}
		predictions, err := shares.Predict([]shares.Game{game})
		require.NoError(t, err)
		for i, p := range predictions {
			require.InDelta(t, d, float64(p.Measured), 1e-9)
			row := game.Cross[i]
			game.Cross[i] = make([]float64, len(attackers))
			again, err := shares.Predict([]shares.Game{game})
			require.NoError(t, err)
			require.Equal(t, p.Measured, again[i].Measured, "the attacker's own row takes no part")
			game.Cross[i] = row
		}
	})
}

// One label for all, and triggers that were not learnt, do not tell.
func TestMatricesThatDoNotTell(t *testing.T) {
	attackers := []shares.Attacker{{Target: 1, Poisoned: 9, ASR: 0.5, Single: 0.5}, {ID: 1, Target: 1, Poisoned: 9, ASR: 0.5, Single: 0.5}}
	for _, change := range []func(){func() {}, func() { attackers[1].Target = 2 }} {
		change()
		predictions, err := shares.Predict([]shares.Game{{Attackers: attackers, Cross: matrix(attackers, 0.5, 0.1)}})
		require.NoError(t, err)
		require.False(t, predictions[0].Measured.Defined())
		require.False(t, predictions[0].ByMatrix.Defined())
	}
}

// simulate plays games of five attackers with labels of their own: one condition with
// triggers that cannot be told apart, one with triggers that can.
func simulate(trial, seeds int, asr func(single, share float64) float64) []shares.Game {
	var games []shares.Game
	for _, design := range []float64{0, 1} {
		for seed := range seeds {
			rng := streams.New(uint64(trial), "shares", uint64(seed), math.Float64bits(design))
			game := shares.Game{Condition: fmt.Sprintf("distinguishability %v", design), Seed: uint64(seed), Design: design}
			for id := range 5 {
				single := 0.8 + 0.15*rng.Float64()
				value := single
				if design == 0 {
					value = asr(single, 0.2)
				}
				value = min(1, max(0, value+0.04*rng.NormFloat64()))
				game.Attackers = append(game.Attackers, shares.Attacker{ID: id, Target: id, Poisoned: 48, ASR: stats.Number(value), Single: stats.Number(single)})
			}
			games = append(games, game)
		}
	}
	return games
}

// The verdict is right on games of a known truth, and never wrong with few seeds.
func TestVerdictsOnKnownTruths(t *testing.T) {
	const trials = 100
	for name, tc := range map[string]struct {
		asr   func(single, share float64) float64
		seeds int
		right claims.Outcome
		words string
	}{
		"the law":         {func(single, share float64) float64 { return single * share }, 60, claims.Supported, "Backfiring is a conflict of labels"},
		"no interference": {func(single, _ float64) float64 { return single }, 60, claims.NoEffect, "Nothing backfires"},
		"half of it":      {func(single, _ float64) float64 { return single / 2 }, 60, claims.Opposite, "reach 44 %, more than the 18 % that it predicts"},
		"complete loss":   {func(float64, float64) float64 { return 0 }, 150, claims.Opposite, "less than the 18 % that it predicts"},
	} {
		t.Run(name, func(t *testing.T) {
			right := 0
			for trial := range trials {
				predictions, err := shares.Predict(simulate(trial, tc.seeds, tc.asr))
				require.NoError(t, err)
				law, err := shares.Test(predictions, 0)
				require.NoError(t, err)
				if law.Outcome == tc.right {
					right++
				}
				few, err := shares.Predict(simulate(trial, 5, tc.asr))
				require.NoError(t, err)
				open, err := shares.Test(few, 0)
				require.NoError(t, err)
				require.Equal(t, claims.Undecided, open.Outcome, "five seeds settle nothing")
				require.Equal(t, claims.MinSeeds(1), open.Needed)
				if trial == 0 {
					require.Contains(t, law.Sentence, tc.words)
				}
			}
			require.GreaterOrEqual(t, right, 95)
		})
	}
}

func TestWhatCannotBeTested(t *testing.T) {
	law, err := shares.Test(nil, 0)
	require.NoError(t, err)
	require.Equal(t, claims.Undecided, law.Outcome)
	require.Contains(t, law.Sentence, "not tested")
	agreeing := shares.Game{Condition: "one label", Attackers: []shares.Attacker{{Poisoned: 9, ASR: 0.5, Single: 0.5}, {ID: 1, Poisoned: 9, ASR: 0.5, Single: 0.5}}}
	predictions, err := shares.Predict([]shares.Game{agreeing})
	require.NoError(t, err)
	law, err = shares.Test(predictions, 0)
	require.NoError(t, err)
	require.Contains(t, law.Sentence, "In no condition does the law of shares predict a loss")
	_, err = shares.Test(predictions, 1)
	require.ErrorIs(t, err, shares.ErrGames)
}

func TestBadGamesAreRefused(t *testing.T) {
	for want, change := range map[string]func(*shares.Game){
		"a distinguishability of 1.5":  func(g *shares.Game) { g.Design = 1.5 },
		"ASR is 1.5":                   func(g *shares.Game) { g.Attackers[0].ASR = 1.5 },
		"single ASR is -0.5":           func(g *shares.Game) { g.Attackers[0].Single = -0.5 },
		"-1 poisoned images":           func(g *shares.Game) { g.Attackers[0].Poisoned = -1 },
		"matrix of 1 rows for 2":       func(g *shares.Game) { g.Cross = g.Cross[:1] },
		"has 1 values for 2 attackers": func(g *shares.Game) { g.Cross[1] = g.Cross[1][:1] },
		"row 0 of the cross-trigger":   func(g *shares.Game) { g.Cross[0][1] = 2 },
	} {
		attackers := []shares.Attacker{{Poisoned: 9, ASR: 0.5, Single: 0.5}, {ID: 1, Target: 1, Poisoned: 9, ASR: 0.5, Single: 0.5}}
		game := shares.Game{Condition: "c", Attackers: attackers, Cross: matrix(attackers, 0.5, 0.5)}
		change(&game)
		_, err := shares.Predict([]shares.Game{game})
		require.ErrorIs(t, err, shares.ErrGames)
		require.ErrorContains(t, err, want)
	}
}
