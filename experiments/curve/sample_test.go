package curve_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/experiments/curve"
	"backfire/game"
)

// heldOutProbes draws a list of probes as a game has them, with attackers of any IDs.
func heldOutProbes(t *rapid.T) (game.Rules, []game.Probe) {
	rules := game.Rules{Seed: rapid.Uint64().Draw(t, "seed")}
	var list []game.Probe
	source := 0
	hold := func(owner, n int) []int {
		var own []int
		for range n {
			own = append(own, source)
			list = append(list, game.Probe{Source: source, Owner: owner, Trigger: game.NoTrigger})
			source++
		}
		return own
	}
	hold(game.Defender, rapid.IntRange(0, 60).Draw(t, "defender's"))
	var owned [][]int
	for i, id := range rapid.SliceOfNDistinct(rapid.IntRange(0, 20), 1, 5, rapid.ID).Draw(t, "IDs") {
		rules.Attackers = append(rules.Attackers, game.Attacker{ID: id})
		owned = append(owned, hold(i, rapid.IntRange(0, 12).Draw(t, "attacker's")))
	}
	for i, own := range owned {
		for _, source := range own {
			list = append(list, game.Probe{Source: source, Owner: i, Trigger: i})
		}
	}
	return rules, list
}

// A sample has each agent's number of images, those of attackers with and without trigger. Smaller
// samples are parts of larger ones, and an agent's sample depends on no other agent.
func TestSamplesAreNested(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, list := heldOutProbes(t)
		sources := func(rules game.Rules, list []game.Probe, images, owner int) (clean, stamped []int) {
			for _, at := range curve.Sample(rules, list, images) {
				switch p := list[at]; {
				case p.Owner != owner:
				case p.Trigger == game.NoTrigger:
					clean = append(clean, p.Source)
				default:
					stamped = append(stamped, p.Source)
				}
			}
			return clean, stamped
		}
		all := curve.Sample(rules, list, 0)
		require.Len(t, all, len(list))
		for range rapid.IntRange(0, 3).Draw(t, "images of an honest contributor") { // which are not scored
			list = append(list, game.Probe{Source: 1000 + len(list), Owner: len(rules.Attackers), Trigger: game.NoTrigger})
		}
		require.Equal(t, all, curve.Sample(rules, list, 0))
		require.IsIncreasing(t, append([]int{-1}, all...))
		images := rapid.IntRange(1, 14).Draw(t, "images")
		for owner := game.Defender; owner < len(rules.Attackers); owner++ {
			has, _ := sources(rules, list, 0, owner)
			most := images
			if owner == game.Defender {
				most *= curve.DefenderShare
			}
			clean, stamped := sources(rules, list, images, owner)
			require.Len(t, clean, min(most, len(has)))
			if owner != game.Defender {
				require.Equal(t, clean, stamped)
				alone, kept := rules, []game.Probe{}
				alone.Attackers = rules.Attackers[owner : owner+1]
				for _, p := range list {
					if p.Owner == owner {
						p.Owner, p.Trigger = 0, min(p.Trigger, 0)
						kept = append(kept, p)
					}
				}
				again, _ := sources(alone, kept, images, 0)
				require.Equal(t, clean, again, "the same alone")
			}
			larger, _ := sources(rules, list, images+rapid.IntRange(0, 5).Draw(t, "more"), owner)
			require.Subset(t, append(larger, -1), append(clean, -1))
		}
	})
}
