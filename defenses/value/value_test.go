package value_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/defenses/value"
)

// scripts/reference/values.py made the cases.
func TestJudgeAgreesWithScikitLearn(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	var cases []struct {
		Suspicion              []float64
		Attacker               []bool
		Random, Precision, AUC float64
	}
	require.NoError(t, json.Unmarshal(text, &cases))
	require.Len(t, cases, 40)
	for _, c := range cases {
		got := value.Judge(c.Suspicion, c.Attacker)
		require.InDelta(t, c.Precision, float64(got.Precision), 1e-12, c)
		require.InDelta(t, c.Random, float64(got.Random), 1e-12, c)
		require.InDelta(t, c.AUC, float64(got.AUC), 1e-12, c)
	}
}

func TestBoundsOfRankings(t *testing.T) {
	require.Nil(t, value.Judge(nil, nil))
	require.Nil(t, value.Judge([]float64{1, 2}, []bool{true, true}), "nothing to tell apart")
	require.Nil(t, value.Judge([]float64{1, 2}, []bool{false, false}))
	rapid.Check(t, func(t *rapid.T) {
		attacker := append(rapid.SliceOf(rapid.Bool()).Draw(t, "attacker"), true, false)
		perfect, equal, worst := make([]float64, len(attacker)), make([]float64, len(attacker)), make([]float64, len(attacker))
		for i, bad := range attacker {
			if worst[i] = 1; bad {
				perfect[i], worst[i] = 1, 0
			}
		}
		best := value.Judge(perfect, attacker)
		require.EqualValues(t, 1, best.Precision)
		require.EqualValues(t, 1, best.AUC)
		random := value.Judge(equal, attacker)
		require.InDelta(t, float64(random.Random), float64(random.Precision), 1e-12, "equal scores are a random ranking")
		require.InDelta(t, 0.5, float64(random.AUC), 1e-12)
		require.Zero(t, value.Judge(worst, attacker).AUC)
		require.False(t, math.IsNaN(float64(value.Judge(worst, attacker).Precision)))
	})
}
