package equilibrium_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/equilibrium"
)

func TestBasinsOfAStagHunt(t *testing.T) {
	d := stagHunt(t).Replicate(400)
	require.Len(t, d.Rests, 2)
	require.Equal(t, 400, d.Starts)
	require.Zero(t, d.Unsettled)
	// Above a probability of 2/3 of the stag the dynamics leads to it, below to the hare.
	require.Equal(t, equilibrium.Mixture{0, 1}, d.Rests[0].Mixture)
	require.InDelta(t, 2./3, d.Rests[0].Share, 0.06)
	require.InDelta(t, 1, d.Rests[0].Share+d.Rests[1].Share, 1e-12)
}

func TestTheDynamicsLeadsToStableEquilibria(t *testing.T) {
	d := chicken(t).Replicate(50)
	require.Len(t, d.Rests, 1)
	require.InDeltaSlice(t, []float64{2. / 3, 1. / 3}, d.Rests[0].Mixture, 1e-9)
	require.InDelta(t, 1, d.Rests[0].Share, 0)
}

func TestTheDynamicsOfACircleDoesNotSettle(t *testing.T) {
	d := rockPaperScissors(t).Replicate(20)
	require.InDelta(t, 19./20, d.Unsettled, 1e-12, "all starts but the centre, which is the equilibrium")
	// A win that pays more than a loss costs turns the circle inwards.
	good := matrix(t, []float64{0, -1, 2}, []float64{2, 0, -1}, []float64{-1, 2, 0}).Replicate(20)
	require.Zero(t, good.Unsettled)
	bad := matrix(t, []float64{0, -2, 1}, []float64{1, 0, -2}, []float64{-2, 1, 0}).Replicate(20)
	require.InDelta(t, 19./20, bad.Unsettled, 1e-12)
}

func TestRestsAreEquilibria(t *testing.T) {
	rng := seeded(21)
	for range 10 {
		g := random(t, 3, 3, rng)
		d := g.Replicate(30)
		share := d.Unsettled
		for _, r := range d.Rests {
			share += r.Share
			require.LessOrEqual(t, g.MixtureRegret(r.Mixture), 1e-9*g.Span())
		}
		require.InDelta(t, 1, share, 1e-12)
	}
	require.Equal(t, 1, chicken(t).Replicate(0).Starts)
}
