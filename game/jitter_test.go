package game_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
	"backfire/triggers"
)

// jittered returns the rules of n attackers with a jitter, on triggers of 13 pixels.
func jittered(n int, jitter float64) game.Rules {
	r := paperRules(n)
	r.Jitter = jitter
	for i := range r.Attackers {
		r.Attackers[i].Trigger = triggers.Spec{P1: 0.6, P2: 0.5, Range: triggers.PerDimension}
	}
	return r
}

// A jitter of 0 gives the images of sampling per agent. As the jitter grows to 1, those of
// sampling per image are approached: their pixels join, and the kept ones leave.
func TestJitterLiesBetweenTheSamplings(t *testing.T) {
	set := newSet(t, evenLabels(200, 4), 4, triggers.Shape{C: 3, H: 8, W: 8})
	rapid.Check(t, func(t *rapid.T) {
		seed, jitter := rapid.Uint64().Draw(t, "seed"), rapid.Float64Range(0, 0.999).Draw(t, "jitter")
		play := func(change func(*game.Rules)) *game.Game {
			r := jittered(2, 0)
			r.Seed = seed
			change(&r)
			return scenario{set, r}.play(t)
		}
		agent, image := play(func(*game.Rules) {}), play(func(r *game.Rules) { r.Sampling = game.PerImage })
		between := play(func(r *game.Rules) { r.Jitter = jitter })
		almost := play(func(r *game.Rules) { r.Jitter = 0.999 })
		require.Equal(t, agent.Triggers(), between.Triggers(), "the trigger of which images carry a part")
		for position := range 2 {
			for _, source := range agent.Deal().Attackers[position].HeldOut {
				own, drawn := agent.TriggerOf(position, source), image.TriggerOf(position, source)
				got := between.TriggerOf(position, source)
				kept := own.Pixels() - int(math.Round(jitter*float64(own.Pixels())))
				fresh := int(math.Round(jitter * float64(drawn.Pixels())))
				require.LessOrEqual(t, got.Pixels(), kept+fresh)
				require.GreaterOrEqual(t, got.Pixels(), max(kept, fresh))
				for at, m := range got.Mask {
					require.LessOrEqual(t, m, own.Mask[at]|drawn.Mask[at])
				}
				require.Equal(t, drawn.ID(), almost.TriggerOf(position, source).ID(), "all pixels are drawn afresh")
			}
		}
		if math.Round(jitter*float64(agent.Triggers()[0].Pixels())) == 0 {
			require.Equal(t, agent.Training(), between.Training())
		}
	})
}

// The kept pixels are those of every image of the attacker, and fewer with more jitter.
func TestKeptPixelsAreInEveryImage(t *testing.T) {
	set := newSet(t, evenLabels(200, 4), 4, triggers.Shape{C: 1, H: 8, W: 8})
	common := func(jitter float64) []int {
		g := scenario{set, jittered(1, jitter)}.play(t)
		var all []int
		own := g.Triggers()[0]
		for at, m := range own.Mask {
			in := m == 1
			for _, source := range g.Deal().Attackers[0].Contributed {
				trigger := g.TriggerOf(0, source)
				in = in && trigger.Mask[at] == 1 && trigger.Pattern[at] == own.Pattern[at]
			}
			if in {
				all = append(all, at)
			}
		}
		return all
	}
	half, quarter := common(0.5), common(0.25)
	n := scenario{set, jittered(1, 0)}.play(t).Triggers()[0].Pixels()
	require.Len(t, half, n-int(math.Round(0.5*float64(n))))
	require.Len(t, quarter, n-int(math.Round(0.25*float64(n))))
	require.Subset(t, quarter, half)
}

// An attacker stamps the same pixels beside any other attackers: games of N and N+1 attackers are
// nested with jitter, too.
func TestJitteredGamesAreNested(t *testing.T) {
	set := newSet(t, evenLabels(400, 4), 4, triggers.Shape{C: 3, H: 8, W: 8})
	rapid.Check(t, func(t *rapid.T) {
		jitter, seed := rapid.Float64Range(0.1, 0.99).Draw(t, "jitter"), rapid.Uint64().Draw(t, "seed")
		n := rapid.IntRange(1, 4).Draw(t, "n")
		play := func(n int) *game.Game {
			r := jittered(n, jitter)
			r.Seed, r.Seats = seed, 6
			return scenario{set, r}.play(t)
		}
		small, large := play(n), play(n+1)
		for position := range n {
			for _, source := range small.Deal().Attackers[position].Contributed {
				require.Equal(t, small.TriggerOf(position, source), large.TriggerOf(position, source))
			}
		}
	})
}

// A colluder has the kept pixels of its leader, and fresh ones of its own.
func TestColludersShareKeptPixels(t *testing.T) {
	set := newSet(t, evenLabels(200, 4), 4, triggers.Shape{C: 1, H: 8, W: 8})
	rules, leader := jittered(2, 0.5), 0
	rules.Attackers[1].Colludes = &leader
	g := scenario{set, rules}.play(t)
	a, b := g.TriggerOf(0, 7), g.TriggerOf(1, 7)
	require.NotEqual(t, a.ID(), b.ID())
	shared := triggers.Compare(a, b)
	require.GreaterOrEqual(t, shared.Equal, g.Triggers()[0].Pixels()/2)
}

func TestBadJitterIsRefused(t *testing.T) {
	set := newSet(t, evenLabels(200, 4), 4, triggers.Shape{C: 1, H: 8, W: 8})
	for want, change := range map[string]func(r *game.Rules){
		"jitter is 1: it must be at least 0 and below 1, which is sampling per_image": func(r *game.Rules) { r.Jitter = 1 },
		"jitter is -0.1: it must be at least 0":                                       func(r *game.Rules) { r.Jitter = -0.1 },
		"jitter is NaN":                                                               func(r *game.Rules) { r.Jitter = math.NaN() },
		"jitter is 0.5: it must be 0 with sampling per_image":                         func(r *game.Rules) { r.Sampling = game.PerImage },
		"its trigger is of kind orthogonal, which is drawn once: jitter must be 0": func(r *game.Rules) {
			for i := range r.Attackers {
				r.Attackers[i].Trigger = triggers.Spec{Kind: triggers.Orthogonal, P2: 0.5, Range: triggers.Whole}
			}
		},
	} {
		rules := jittered(2, 0.5)
		change(&rules)
		_, err := game.New(set, rules)
		require.ErrorIs(t, err, game.ErrRules)
		require.ErrorContains(t, err, want)
	}
}
