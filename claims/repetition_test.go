package claims_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/claims"
	"backfire/stats"
)

// pairOf returns a game of two attackers and their matched singles.
func pairOf(seed uint64, training int, together, alone float64) claims.Game {
	g := claims.Game{
		Seed: seed, Training: training, Defense: claims.NoDefense, Labels: claims.Same, CleanAccuracy: 0.9,
		Models: []string{fmt.Sprintf("%d-%d", seed, training)},
	}
	for id := range 2 {
		g.Attackers = append(g.Attackers, claims.Attacker{
			ID: id, Target: 2, Rate: 0.2, P1: 0.2, P2: 0.2, Images: 100,
			ASR: stats.Number(together), Lift: stats.Number(together), Robustness: stats.Undefined(), Randomness: stats.Undefined(), Divergence: stats.Undefined(),
			Single: &claims.Figures{ASR: stats.Number(alone), Lift: stats.Number(alone), Model: fmt.Sprintf("single %d-%d-%d", seed, training, id)},
		})
	}
	return g
}

// trainedTwice are seeds whose interference is the mean of two trainings.
func trainedTwice(seeds int) claims.Measurements {
	m := claims.Measurements{Rate: 0.2, P1: 0.2, P2: 0.2}
	for seed := range uint64(seeds) {
		m.Games = append(m.Games, pairOf(seed+1, 1, 0.2, 0.9), pairOf(seed+1, 2, 0.6, 0.9))
	}
	return m
}

// The mean over the trainings of a seed is one observation, and no number of trainings makes
// up for seeds.
func TestTrainingsAreNoSeeds(t *testing.T) {
	verdicts, err := claims.Judge(trainedTwice(4), "C1")
	require.NoError(t, err)
	require.Len(t, verdicts, 1)
	v := verdicts[0]
	require.Equal(t, []uint64{1, 2, 3, 4}, v.Seeds)
	require.Equal(t, claims.Undecided, v.Outcome, "four seeds are too few, with eight trainings, too")
	require.Len(t, v.Statistics[0].PerSeed, 4)
	for _, s := range v.Statistics[0].PerSeed {
		require.InDelta(t, -0.5, s.Value, 1e-12)
	}
	require.Equal(t, 4*200, v.Statistics[0].Images, "trainings are measured on the same images")
	require.Equal(t, 4*2*3, v.Models)
}

// A training that one seed lacks is a missing game; the seed's value is that of the others.
func TestMissingTraining(t *testing.T) {
	m := trainedTwice(12)
	complete, err := claims.Judge(m, "C1")
	require.NoError(t, err)
	require.Empty(t, complete[0].Missing)
	m.Games[23].Attackers[0].Single = nil
	lacking, err := claims.Judge(m, "C1")
	require.NoError(t, err)
	require.Equal(t, claims.Undecided, lacking[0].Outcome)
	require.Len(t, lacking[0].Missing, 1)
	require.Contains(t, lacking[0].Missing[0], "(seed 12 (training 2))")
	require.Len(t, lacking[0].Seeds, 12)
	last := lacking[0].Statistics[0].PerSeed[11]
	require.InDelta(t, -0.7, last.Value, 1e-12)
}

// Two results of one training are refused, those of two trainings are not.
func TestTwoResultsOfOneTraining(t *testing.T) {
	m := trainedTwice(1)
	m.Games[1].Training = 1
	_, err := claims.Judge(m, "C1")
	require.ErrorIs(t, err, claims.ErrTwoResults)
}
