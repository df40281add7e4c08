package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

func TestLargestAndPlayedAlone(t *testing.T) {
	for _, tc := range []struct {
		counts         []int
		singles        int
		largest, alone int
	}{
		{[]int{1, 10, 2}, 5, 10, 5},
		{[]int{1, 2}, 5, 2, 2},
		{[]int{7}, -1, 7, 7},
		{[]int{7}, 0, 7, 0},
		{nil, 5, 0, 0},
	} {
		attackers := config.Attackers{Counts: tc.counts, Singles: tc.singles}
		require.Equal(t, tc.largest, attackers.Largest(), "%v", tc)
		require.Equal(t, tc.alone, attackers.PlayedAlone(), "%v", tc)
	}
}

func TestStrength(t *testing.T) {
	zero := 0.0
	attackers := config.Attackers{P: 0.2, P2: &zero, Rates: []float64{0.4}}
	p0, p1, p2 := attackers.Strength(0)
	require.Equal(t, [3]float64{0.4, 0.4, 0}, [3]float64{p0, p1, p2}, "attacker 0 has a rate of its own")
	p0, p1, p2 = attackers.Strength(1)
	require.Equal(t, [3]float64{0.2, 0.2, 0}, [3]float64{p0, p1, p2}, "attacker 1 has none")
	attackers.PoisonRates, attackers.TriggerSizes = []float64{0.6}, []float64{0.2, 0.8}
	p0, p1, p2 = attackers.Strength(0)
	require.Equal(t, [3]float64{0.6, 0.2, 0.2}, [3]float64{p0, p1, p2}, "a rate and a size of their own")
	p0, p1, p2 = attackers.Strength(1)
	require.Equal(t, [3]float64{0.2, 0.8, 0.8}, [3]float64{p0, p1, p2}, "a size of its own")
}
