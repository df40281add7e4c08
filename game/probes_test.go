package game_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
)

func TestProbesAreTheHeldOutImages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scenarios().Draw(t, "game")
		g := s.play(t)
		probes := g.Probes()
		require.Equal(t, probes, g.Probes(), "a second call builds equal probes")

		var want []game.Probe
		for _, share := range shares(g.Deal()) {
			for _, source := range share.HeldOut {
				want = append(want, game.Probe{Source: source, Owner: share.Owner, Trigger: game.NoTrigger, Label: s.set.Labels[source]})
			}
		}
		for _, share := range g.Deal().Attackers {
			for _, source := range share.HeldOut {
				want = append(want, game.Probe{Source: source, Owner: share.Owner, Trigger: share.Owner, Label: s.set.Labels[source]})
			}
		}
		require.Equal(t, want, probes.List)
		require.Equal(t, len(want), probes.N)
		size := probes.Shape.Size()
		require.Len(t, probes.Images, len(want)*size)
		require.Equal(t, len(probes.Images), cap(probes.Images), "one allocation of the exact size")
		for i, probe := range probes.List {
			img := s.set.Image(probe.Source)
			if probe.Trigger != game.NoTrigger {
				img = stampedCopy(t, s.set, s.rules, s.rules.Attackers[probe.Trigger], probe.Source)
			}
			require.Equal(t, img, probes.Images[i*size:(i+1)*size], "probe %d: %+v", i, probe)
		}
	})
}
