package game

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/datasets"
	"backfire/triggers"
)

// contributed returns a set of 1x8x8 images of two classes by contributors with the given
// numbers of images.
func contributed(t require.TestingT, sizes ...int) *datasets.Set {
	var of []uint16
	for contributor, n := range sizes {
		for range n {
			of = append(of, uint16(contributor))
		}
	}
	images, labels := make([]uint8, 64*len(of)), make([]uint8, len(of))
	for i := range labels {
		labels[i] = uint8(i % 2)
		images[64*i], images[64*i+1] = uint8(i), uint8(i>>8)
	}
	set, err := datasets.New("contributed", images, labels, 1, 8, 8, []string{"a", "b"})
	require.NoError(t, err)
	names := make([]string, len(sizes))
	for i := range names {
		names[i] = string(rune('A' + i))
	}
	set.Contributors = &datasets.Contributors{Names: names, Of: of}
	return set
}

// contributorRules returns rules for a set of n contributors of which some attack.
func contributorRules(n int, attackers ...int) Rules {
	r := Rules{Seed: 1, DefenderShare: 0.4, HeldOut: 0.2, Seats: n, Contributors: true, Sampling: PerAgent, Denominator: Own}
	for _, id := range attackers {
		r.Attackers = append(r.Attackers, Attacker{
			ID: id, Target: 1, PoisonRate: 0.3, LabelMode: DirtyLabel, Trigger: triggers.Spec{P1: 0.3, P2: 0.5, Range: triggers.PerDimension},
		})
	}
	return r.Canonical()
}

// Every seat has the images of its contributor alone, whichever seats attack, and every
// image of the pool has one owner.
func TestRealContributorsOwnTheirImages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(60, 300), 2, 5).Draw(t, "sizes")
		set := contributed(t, sizes...)
		attackers := []int{0}
		if rapid.Bool().Draw(t, "all") {
			attackers = nil
			for seat := range sizes {
				attackers = append(attackers, seat)
			}
		}
		g, err := New(set, contributorRules(len(sizes), attackers...))
		require.NoError(t, err)
		seen := map[int]bool{}
		for position, id := range g.Rules().AgentIDs() {
			share := g.Deal().Agent(position)
			for _, image := range append(append([]int(nil), share.Contributed...), share.HeldOut...) {
				require.Equal(t, id, int(set.Contributors.Of[image]))
				require.False(t, seen[image])
				seen[image] = true
			}
		}
		for _, image := range append(append([]int(nil), g.Deal().Defender.Contributed...), g.Deal().Defender.HeldOut...) {
			require.False(t, seen[image])
			seen[image] = true
		}
		require.Len(t, seen, set.Len())
		alone, err := New(set, contributorRules(len(sizes), 0))
		require.NoError(t, err)
		require.Equal(t, g.Deal().Defender, alone.Deal().Defender)
		require.Equal(t, g.Deal().Agent(g.Rules().AgentPosition(0)), alone.Deal().Agent(0))
	})
}

// Seats are unequal: a contributor of ten times the images contributes about ten times as
// many, and poisons its share of these.
func TestRealContributorsHaveUnequalSeats(t *testing.T) {
	g, err := New(contributed(t, 1000, 100), contributorRules(2, 0, 1))
	require.NoError(t, err)
	large, small := g.Deal().Attackers[0], g.Deal().Attackers[1]
	require.InDelta(t, 600*0.8, len(large.Contributed), 30)
	require.InDelta(t, 60*0.8, len(small.Contributed), 15)
	for position, share := range g.Deal().Attackers {
		require.Equal(t, round(0.3, len(share.Contributed)), g.poison[position].poisoned)
	}
}

func TestContributorsAreRefused(t *testing.T) {
	set := contributed(t, 100, 100)
	_, err := New(set, contributorRules(3, 0))
	require.ErrorIs(t, err, ErrRules)
	require.ErrorContains(t, err, "3 seats for the 2 contributors")
	_, err = New(contributed(t, 300, 2), contributorRules(2, 0))
	require.ErrorContains(t, err, "contributor 1 (B) gets")
	set.Contributors = nil
	_, err = New(set, contributorRules(2, 0))
	require.ErrorContains(t, err, "does not name the contributors")
}
