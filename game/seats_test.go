package game_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/game"
)

// seatedScenarios generates scenarios in which every seat attacks, each attacker on the
// seat of its ID.
func seatedScenarios() *rapid.Generator[scenario] {
	return rapid.Custom(func(t *rapid.T) scenario {
		s := scenarios().Draw(t, "game")
		s.rules.Attackers = slices.Clone(s.rules.Attackers)
		for i := range s.rules.Attackers {
			s.rules.Attackers[i].ID = i
		}
		return s
	}).Filter(func(s scenario) bool {
		return len(s.rules.Attackers) > 1 && s.rules.Validate(s.set) == nil
	})
}

// subset returns the rules in which only the given seats attack.
func subset(rules game.Rules, seats ...int) game.Rules {
	all := rules.Attackers
	rules.Seats, rules.Attackers = len(all), nil
	for _, seat := range seats {
		rules.Attackers = append(rules.Attackers, all[seat])
	}
	return rules.Canonical()
}

// agents returns the shares by ID of the agent.
func agents(g *game.Game) map[int]game.Share {
	shares := append(slices.Clone(g.Deal().Attackers), g.Deal().Honest...)
	byID := map[int]game.Share{}
	for position, id := range g.Rules().AgentIDs() {
		share := shares[position]
		share.Owner = id
		byID[id] = share
	}
	return byID
}

// An agent owns, splits and poisons the same images, and has the same trigger and probes,
// whichever other seats attack.
func TestGamesOfAnySubsetOfSeatsAreNested(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := seatedScenarios().Draw(t, "game")
		seats := rapid.SliceOfNDistinct(rapid.IntRange(0, len(s.rules.Attackers)-1), 1, -1, rapid.ID).Draw(t, "seats")
		slices.Sort(seats)
		all, some := s.play(t), scenario{s.set, subset(s.rules, seats...)}.play(t)

		require.Equal(t, all.Deal().Pool, some.Deal().Pool)
		require.Equal(t, all.Deal().Defender, some.Deal().Defender)
		require.Equal(t, agents(all), agents(some))
		if s.rules.Sampling == game.PerAgent {
			for position, seat := range seats {
				require.Equal(t, all.Triggers()[seat].ID(), some.Triggers()[position].ID())
			}
		}

		whole, part, size := all.Training(), some.Training(), all.Training().Shape.Size()
		ids := some.Rules().AgentIDs()
		require.Len(t, part.Rows, len(whole.Rows))
		for i, row := range part.Rows {
			want := whole.Rows[i]
			if row.Owner != game.Defender {
				row.Owner = ids[row.Owner]
			}
			if row.Trigger != game.NoTrigger {
				row.Trigger = ids[row.Trigger]
			}
			image := whole.Images[i*size : (i+1)*size]
			if row.Owner != game.Defender && !slices.Contains(seats, row.Owner) {
				want.Trigger, want.New, image = game.NoTrigger, want.Old, s.set.Image(row.Source)
			}
			require.Equal(t, want, row, "row %d", i)
			require.Equal(t, image, part.Images[i*size:(i+1)*size], "image of row %d", i)
			require.Equal(t, row.New, part.Labels[i])
		}
		for position, seat := range seats {
			require.Equal(t, probesOf(all, seat), probesOf(some, position))
		}
	})
}

// probesOf returns an agent's probes and their images.
func probesOf(g *game.Game, position int) (images [][]uint8) {
	probes := g.Probes()
	size := probes.Shape.Size()
	for i, probe := range probes.List {
		if probe.Owner == position {
			images = append(images, probes.Images[i*size:(i+1)*size])
		}
	}
	return images
}

func TestEverySeatIsDealt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := seatedScenarios().Draw(t, "game")
		seat := rapid.IntRange(0, len(s.rules.Attackers)-1).Draw(t, "seat")
		g := scenario{s.set, subset(s.rules, seat)}.play(t)
		var dealt []int
		for _, share := range append(shares(g.Deal()), g.Deal().Honest...) {
			dealt = append(append(dealt, share.Contributed...), share.HeldOut...)
		}
		require.Equal(t, sorted(g.Deal().Pool), sorted(dealt), "every image of the pool is in exactly one list")
		require.Len(t, g.Deal().Honest, len(s.rules.Attackers)-1)
	})
}

// An honest contributor's accuracy counts its own held-out images, and no other rate does.
func TestHonestContributorsAreScored(t *testing.T) {
	set := newSet(t, evenLabels(200, 4), 4, tiny)
	rules := paperRules(4)
	for i := range rules.Attackers {
		rules.Attackers[i].Trigger.P1 = 1
	}
	rules = subset(rules, 1)
	g := scenario{set, rules}.play(t)
	list := g.Probes().List
	predicted := make([]uint16, len(list))
	for i, probe := range list {
		predicted[i] = probe.Label
		if probe.Owner == 2 { // the second honest contributor, on seat 2
			predicted[i] = (probe.Label + 1) % 4
		}
	}
	score, err := g.Score(predicted)
	require.NoError(t, err)
	require.Equal(t, []int{1, 0, 2, 3}, g.Rules().AgentIDs())
	require.Equal(t, -1, g.Rules().AgentPosition(4))
	held := len(g.Deal().Honest[0].HeldOut)
	require.Equal(t, []game.HonestScore{
		{ID: 0, Contributed: len(g.Deal().Honest[0].Contributed), HeldOut: held, Accuracy: game.Rate{Hits: held, Of: held}},
		{ID: 2, Contributed: len(g.Deal().Honest[1].Contributed), HeldOut: held, Accuracy: game.Rate{Hits: 0, Of: held}},
		{ID: 3, Contributed: len(g.Deal().Honest[2].Contributed), HeldOut: held, Accuracy: game.Rate{Hits: held, Of: held}},
	}, score.Honest)
	require.InDelta(t, 1, score.Clean.Value(), 0)
	require.InDelta(t, 1, score.Attackers[0].Robustness.Value(), 0)
	require.Equal(t, []game.Rate{{Hits: held, Of: held}, {Of: held}, {Hits: held, Of: held}}, rules.Measure(4, list, predicted).Honest)
}

// Each reading of an attacker alone is a game of its own.
func TestGamesOfOneAttacker(t *testing.T) {
	rules := paperRules(3)
	single, ok := rules.MatchedSingle(2)
	require.True(t, ok)
	require.Equal(t, subset(rules, 2), single)
	again, ok := single.MatchedSingle(0)
	require.True(t, ok)
	require.Equal(t, single, again, "a matched single is its own")

	more := subset(rules, 0, 2)
	fromSubset, ok := more.MatchedSingle(1)
	require.True(t, ok)
	require.Equal(t, single, fromSubset, "one cell serves every number of attackers")

	lone := rules.Lone(2)
	require.Zero(t, lone.Seats)
	require.Equal(t, []game.Attacker{rules.Attackers[2]}, lone.Attackers)
	require.NotEqual(t, single, lone)
	same, ok := paperRules(1).MatchedSingle(0)
	require.True(t, ok)
	require.Equal(t, paperRules(1), same, "alone, dilution is none")

	honest := rules.WithoutAttackBy(1)
	require.Zero(t, honest.Attackers[1].PoisonRate)
	require.InDelta(t, 0.2, rules.Attackers[1].PoisonRate, 0, "the rules themselves stay")

	rules.Attackers[1].ID = 9
	_, ok = rules.MatchedSingle(1)
	require.False(t, ok, "attacker 9 owns the second seat, which no other game can say")
}

func TestSeatsAreRefused(t *testing.T) {
	set := newSet(t, evenLabels(200, 4), 4, tiny)
	for name, c := range map[string]struct {
		seats int
		ids   []int
		want  string
	}{
		"negative":       {-1, []int{0}, "seats is -1: it must be at least 0"},
		"too few":        {1, []int{0, 1}, "1 seats for 2 attackers"},
		"all attack":     {2, []int{0, 1}, "2 seats, all of which attack: write 0 seats"},
		"no such seat":   {3, []int{3}, "attacker 3 has no seat among 3"},
		"not ascending":  {3, []int{1, 0}, "attacker 0 is listed after attacker 1"},
		"too many seats": {200, []int{0}, "choose fewer seats"},
	} {
		rules := paperRules(1)
		rules.Seats, rules.Attackers = c.seats, nil
		for _, id := range c.ids {
			rules.Attackers = append(rules.Attackers, game.Attacker{ID: id, Target: 2, PoisonRate: 0.2, Trigger: paperSpec, LabelMode: game.DirtyLabel})
		}
		err := rules.Validate(set)
		require.ErrorIs(t, err, game.ErrRules, name)
		require.ErrorContains(t, err, c.want, name)
	}
}
