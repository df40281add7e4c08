package phase_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit/phase"
	"backfire/claims"
	"backfire/stats"
)

// game returns a game of one attacker that succeeds or fails.
func game(n, k int, seed uint64, success bool) phase.Game {
	g := phase.Game{Reading: "r", N: n, K: k, Seed: seed, Attackers: n, ASR: 0.1, Lift: 0, Interference: stats.Undefined()}
	if success {
		g.Successes, g.ASR, g.Lift = n, 0.9, 0.8
	}
	return g
}

func TestBadGamesAreRefused(t *testing.T) {
	for want, change := range map[string]func(*phase.Game){
		"N must be at least 1":                        func(g *phase.Game) { g.N = 0 },
		"k must be at least 1":                        func(g *phase.Game) { g.K = 0 },
		"0 attackers":                                 func(g *phase.Game) { g.Attackers = 0 },
		"3 successes of 2 attackers":                  func(g *phase.Game) { g.Successes = 3 },
		"ASR is 1.5: must be from 0 to 1":             func(g *phase.Game) { g.ASR = 1.5 },
		"lift is -1.5: must be from -1 to 1":          func(g *phase.Game) { g.Lift = -1.5 },
		"interference is 2.5: must be from -2 to 2":   func(g *phase.Game) { g.Interference = 2.5 },
		`reading "r", N = 2, k = 7, seed 4: given tw`: func(*phase.Game) {},
	} {
		g := game(2, 7, 4, true)
		change(&g)
		_, err := phase.Analyze([]phase.Game{g, g}, phase.Options{})
		require.ErrorIs(t, err, phase.ErrGames)
		require.ErrorContains(t, err, want)
	}
	for want, options := range map[string]phase.Options{
		"the rule's error is 1.5":                 {Rule: phase.Rule{Error: 1.5}},
		"asks for -1 seeds":                       {Rule: phase.Rule{Seeds: -1}},
		"at most 2 seeds: must be at least the 3": {Rule: phase.Rule{Most: 2}},
		"the margin is 2":                         {Margin: 2},
		"-1 resamples":                            {Resamples: -1},
	} {
		_, err := phase.Analyze(nil, options)
		require.ErrorIs(t, err, phase.ErrGames)
		require.ErrorContains(t, err, want)
	}
}

// Three seeds that agree decide a cell; what is undecided is named in the order in which
// seeds are best spent.
func TestWhichCellsAreUndecided(t *testing.T) {
	var games []phase.Game
	for seed := range uint64(3) {
		games = append(games, game(1, 6, seed, false), game(1, 48, seed, seed == 0), game(1, 384, seed, true))
	}
	games = append(games, game(1, 96, 0, true), game(1, 24, 0, true), game(1, 24, 1, false))
	d := analyze(t, games, phase.Options{})
	var standings []phase.Standing
	for _, c := range d.Cells {
		standings = append(standings, c.Standing)
	}
	require.Equal(t, []phase.Standing{phase.Fails, phase.Undecided, phase.Undecided, phase.Undecided, phase.Succeeds}, standings)
	wanting, err := phase.Rule{}.Wanting(d.Cells)
	require.NoError(t, err)
	var ks []int
	for _, c := range wanting {
		ks = append(ks, c.K)
	}
	require.Equal(t, []int{96, 24, 48}, ks)
	wanting, err = phase.Rule{Most: 3}.Wanting(d.Cells)
	require.NoError(t, err)
	require.Len(t, wanting, 2, "the cell at 48 has its three seeds")
	require.Equal(t, "a cell is decided when bets on its seeds' shares of successes, from 3 seeds on, rule out 50 % on one side at an error of 20 % at every stop; it gets at most 12 seeds", phase.Rule{}.String())
}

// Where half succeed beyond the k that were played, the curve says on which side.
func TestPositions(t *testing.T) {
	at := func(success func(k int) bool) phase.Curve {
		var games []phase.Game
		for seed := range uint64(3) {
			for _, k := range []int{6, 24, 96} {
				games = append(games, game(1, k, seed, success(k)))
			}
		}
		d := analyze(t, games, phase.Options{})
		require.Nil(t, d.Coincidence, "only one N")
		return d.Curves[0]
	}
	always := at(func(int) bool { return true })
	require.Equal(t, phase.Smaller, always.Position)
	require.False(t, always.Half.Defined() || always.Low.Defined())
	never := at(func(int) bool { return false })
	require.Equal(t, phase.Larger, never.Position)
	require.False(t, never.High.Defined())
	require.Equal(t, phase.Falling, at(func(k int) bool { return k < 20 }).Position)
	step := at(func(k int) bool { return k > 20 })
	require.Equal(t, phase.Within, step.Position)
	require.InDelta(t, 12, float64(step.Half), 0.2, "near the middle between the logarithms of 6 and 24")
	require.Equal(t, []stats.Number{6, 24}, []stats.Number{step.Low, step.High}, "all seeds agree, and nothing was played between")
	require.InDelta(t, 0.5, step.Success(float64(step.Half)), 1e-9)
}

// A cell with one k has no curve, and N without a common k are not compared.
func TestWhatCannotBeCompared(t *testing.T) {
	d := analyze(t, []phase.Game{game(1, 6, 0, true), game(2, 12, 0, true)}, phase.Options{})
	require.Empty(t, d.Curves)
	require.Nil(t, d.Coincidence)
}

// Pairs are within a seed: with the same shift in every seed the answer is certain although
// seeds differ much. The sentence is the one for that case.
func TestPairsWithinASeed(t *testing.T) {
	var games []phase.Game
	for seed := range uint64(24) {
		for _, k := range []int{6, 12} {
			one, two := game(1, k, seed, seed%2 == 0), game(2, k, seed, seed%2 == 0)
			two.ASR = one.ASR - 0.09
			games = append(games, one, two)
		}
	}
	d := analyze(t, games, phase.Options{Margin: 0.02})
	require.Equal(t, phase.NotDecided, d.Coincidence.Finding, "bets on values in [-1, 1] need more seeds")
	require.Greater(t, d.Coincidence.Needed, 24)
	require.Contains(t, d.Coincidence.Sentence, fmt.Sprintf("about %d seeds of all cells would answer it", d.Coincidence.Needed))
	for i := range games {
		if games[i].N == 2 {
			games[i].ASR = max(0, games[i].ASR-0.5)
		}
	}
	d = analyze(t, games, phase.Options{})
	require.Equal(t, phase.Spoil, d.Coincidence.Finding)
	require.Equal(t, claims.ASR, d.Coincidence.Comparisons[0].Measure)
	require.Contains(t, d.Coincidence.Sentence, "Dilution does not explain everything: the others spoil the attack.")
	for i := range games {
		games[i].ASR = stats.Undefined()
	}
	d = analyze(t, games, phase.Options{Margin: 0.2})
	require.Equal(t, phase.Success, d.Coincidence.Comparisons[0].Measure)
	require.Equal(t, phase.Coincide, d.Coincidence.Finding)
	require.Contains(t, d.Coincidence.Sentence, "Dilution explains everything.")
}

// Few seeds leave the question open, and the sentence names the least number that any answer takes.
func TestFewSeedsAreUndecided(t *testing.T) {
	d := analyze(t, simulate(1, dilution(40), allN, allK, 3, 0.3), phase.Options{})
	require.Equal(t, phase.NotDecided, d.Coincidence.Finding)
	require.Equal(t, claims.MinSeeds(1), d.Coincidence.Needed)
	require.Contains(t, d.Coincidence.Sentence, "undecided")
	require.Contains(t, d.Coincidence.Sentence, "no answer comes from fewer than 6 seeds of all cells")
}

// Readings are analysed apart, in their order, and do not depend on the games' order.
func TestReadings(t *testing.T) {
	games := simulate(2, dilution(40), allN, allK, 3, 0.3)
	backwards := make([]phase.Game, len(games))
	for i, g := range games {
		backwards[len(games)-1-i] = g
	}
	one, err := json.Marshal(analyze(t, games, phase.Options{Resamples: 9}))
	require.NoError(t, err)
	two, err := json.Marshal(analyze(t, backwards, phase.Options{Resamples: 9}))
	require.NoError(t, err)
	require.JSONEq(t, string(one), string(two))
	other := games[0]
	other.Reading = "other"
	diagrams, err := phase.Analyze(append(games, other), phase.Options{Resamples: 9})
	require.NoError(t, err)
	require.Equal(t, "other", diagrams[1].Reading)
	require.Len(t, diagrams[1].Cells, 1)
}
