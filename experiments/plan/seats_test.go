package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/config"
	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
)

// cellOf returns the cell of a hash.
func cellOf(t require.TestingT, p *plan.Plan, hash string) cell.Cell {
	c, ok := p.Cell(hash)
	require.True(t, ok, hash)
	return c
}

// With constant seats one cell serves as the matched single of every N.
func TestMatchedSinglesAreSharedByAllN(t *testing.T) {
	p := enginetest.NewPlan(t)
	for _, g := range p.Games {
		require.Empty(t, g.Lone)
		for id, hash := range g.Singles {
			require.Equal(t, p.Games[2].Singles[id], hash)
			single := cellOf(t, p, hash)
			require.Equal(t, 4, single.Game.Seats)
			require.Len(t, single.Game.Attackers, 1)
			require.Equal(t, id, single.Game.Attackers[0].ID)
		}
	}
	require.Equal(t, p.Games[0].Cell, p.Games[0].Singles[0], "N = 1 is its own matched single")
	require.Zero(t, cellOf(t, p, p.Games[2].Cell).Game.Seats, "the game in which every seat attacks has the hash that it always had")
}

// With as many seats as attackers, every N has matched singles of its own, and the lone game beside them.
func TestSharedSeatsHaveMatchedAndLoneSingles(t *testing.T) {
	p, err := planTiny(t, func(c *config.Config) { c.Deal.Seats, c.Attackers.Counts, c.Attackers.Singles = "n", []int{1, 2, 4}, 2 })
	require.NoError(t, err)
	require.Equal(t, []string{
		"attacker 0 alone", "attacker 0 alone on 2 seats", "attacker 1 alone on 2 seats", "attacker 1 alone", "N = 2",
		"attacker 0 alone on 4 seats", "attacker 1 alone on 4 seats", "N = 4",
	}, titles(p))
	require.Empty(t, p.Games[0].Lone, "alone, an attacker owns everything")
	for at, n := range map[int]int{1: 2, 2: 4} {
		g := p.Games[at]
		require.Len(t, g.Singles, 2)
		require.Len(t, g.Lone, 2)
		for id := range 2 {
			require.Equal(t, n, cellOf(t, p, g.Singles[id]).Game.Seats)
			require.Zero(t, cellOf(t, p, g.Lone[id]).Game.Seats)
			require.Equal(t, p.Games[1].Lone[id], g.Lone[id])
		}
	}
}

// The seats of a sweep are those of its largest point.
func TestSeatsOfASweep(t *testing.T) {
	sweep := enginetest.NewSweep(t,
		enginetest.TinyPoint(t, "one", func(c *config.Config) { c.Attackers.Counts = []int{1} }),
		enginetest.TinyPoint(t, "five", func(c *config.Config) { c.Attackers.Counts = []int{5} }),
		enginetest.TinyPoint(t, "own", func(c *config.Config) { c.Attackers.Counts, c.Deal.Seats = []int{1}, "3" }))
	worklist, err := sweep.Worklist(nil)
	require.NoError(t, err)
	require.Equal(t, 5, worklist.Plans[0].First().Game.Seats)
	require.Zero(t, worklist.Plans[1].First().Game.Seats)
	require.Equal(t, 3, worklist.Plans[2].First().Game.Seats)
}

// Any seats may attack, and an attacker is the same on its seat, whichever other seats attack.
func TestAnySeatsMayAttack(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		seats := rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 1, 5, rapid.ID).Draw(t, "seats")
		for i := range seats { // ascending
			for j := range i {
				if seats[j] > seats[i] {
					seats[i], seats[j] = seats[j], seats[i]
				}
			}
		}
		cfg, err := enginetest.Config()
		require.NoError(t, err)
		cfg.Attackers.Counts, cfg.Attackers.Labels, cfg.Attackers.Singles = []int{6}, "random", -1
		cfg.Deal.Seats = "6"
		all, err := plan.New(cfg, set)
		require.NoError(t, err)
		cfg.Attackers.Counts, cfg.Attackers.Seats = []int{len(seats)}, seats
		require.NoError(t, cfg.Validate())
		some, err := plan.New(cfg, set)
		require.NoError(t, err)
		every := cellOf(t, all, all.Games[0].Cell)
		for position, a := range cellOf(t, some, some.Games[0].Cell).Game.Attackers {
			require.Equal(t, seats[position], a.ID)
			require.Equal(t, every.Game.Attackers[a.ID], a)
			require.Equal(t, all.Games[0].Singles[a.ID], some.Games[0].Singles[a.ID])
		}
	})
}

func TestTransfersPlayOnWithoutOneAttack(t *testing.T) {
	p, err := planTiny(t, func(c *config.Config) { c.Attackers.Transfers, c.Attackers.Singles = 2, 0 })
	require.NoError(t, err)
	require.Equal(t, []string{
		"attacker 0 alone on 4 seats",
		"N = 2 on 4 seats", "N = 2 on 4 seats, attacker 0 poisons nothing", "N = 2 on 4 seats, attacker 1 poisons nothing",
		"N = 4", "N = 4, attacker 0 poisons nothing", "N = 4, attacker 1 poisons nothing",
	}, titles(p))
	require.Empty(t, p.Games[0].Transfers, "there are no others")
	game, transfer := cellOf(t, p, p.Games[2].Cell), cellOf(t, p, p.Games[2].Transfers[1])
	game.Game = game.Game.WithoutAttackBy(1)
	require.Equal(t, game, transfer)
}

// An attacker that poisons nothing is a control: its transfer is the game itself.
func TestControlsPoisonNothing(t *testing.T) {
	p, err := planTiny(t, func(c *config.Config) {
		c.Attackers.Counts, c.Attackers.Transfers, c.Attackers.Singles = []int{2}, -1, 0
		size := 0.5
		c.Attackers.P1, c.Attackers.P2, c.Attackers.Rates = &size, &size, []float64{0, 0.5}
	})
	require.NoError(t, err)
	require.Equal(t, []string{"N = 2, attacker 0 poisons nothing", "N = 2, attacker 0 poisons nothing, attacker 1 poisons nothing"}, titles(p))
}

// Agent indexing keeps a model without each attacker, and without each honest contributor if asked.
func TestIndexingOfHonestContributors(t *testing.T) {
	for name, tc := range map[string]struct {
		defender string
		honest   bool
		excluded [][]int
		answers  []int
	}{
		"attackers":        {"indexing", false, [][]int{{0}, {1}}, []int{0, 1}},
		"all":              {"indexing", true, [][]int{{0}, {1}, {2}, {3}}, []int{0, 1, 2, 3}},
		"without an index": {"indexing_unknown", false, [][]int{nil, nil, {0}, {1}, {2}, {3}}, []int{2, 3, 4, 5}},
		"sliced":           {"indexing_sliced", false, [][]int{{}, {0}, {1}}, nil},
		"sliced, all":      {"indexing_sliced", true, [][]int{{}, {0}, {1}, {2}, {3}}, nil},
	} {
		p, err := planTiny(t, func(c *config.Config) {
			c.Deal.Seats, c.Attackers.Counts, c.Attackers.Singles = "4", []int{2}, 0
			c.Defenders = []string{tc.defender}
			c.Defenses.Set("indexing.models", 2)
			c.Defenses.Set("indexing.honest", tc.honest)
		})
		require.NoError(t, err, name)
		d := p.Games[0].Defenders[0]
		var excluded [][]int
		for _, hash := range d.Models {
			c := cellOf(t, p, hash)
			if c.Defense == nil {
				excluded = append(excluded, nil)
				continue
			}
			excluded = append(excluded, c.Defense.Excluded)
		}
		require.ElementsMatch(t, tc.excluded, excluded, name)
		if tc.answers != nil {
			require.Equal(t, tc.excluded, excluded, name)
			require.Equal(t, tc.answers, d.Answers, name)
		}
		for position, answer := range d.Answers {
			require.Contains(t, excluded[answer], position, name)
		}
	}
}

// Each seed can be set alone and changes its part alone.
func TestSeedsAreSeparateKeys(t *testing.T) {
	played := func(change func(*config.Seeds)) cell.Cell {
		p, err := planTiny(t, func(c *config.Config) {
			c.Attackers.Labels = "random"
			change(&c.Seeds)
		})
		require.NoError(t, err)
		return cellOf(t, p, p.Games[2].Cell)
	}
	usual := played(func(*config.Seeds) {})
	one, other := uint64(1), uint64(99)
	require.Equal(t, usual, played(func(s *config.Seeds) { s.Deal, s.Triggers, s.Training = &one, &one, &one }), "the seed itself is no other seed")

	training := played(func(s *config.Seeds) { s.Training = &other })
	require.Equal(t, usual.Game, training.Game)
	require.EqualValues(t, 99, training.TrainingSeed())

	triggers := played(func(s *config.Seeds) { s.Triggers = &other })
	require.Equal(t, usual.Training, triggers.Training)
	require.NotEqual(t, usual.Game.Attackers, triggers.Game.Attackers, "labels are drawn with the triggers")
	set, err := testset.New(1)
	require.NoError(t, err)
	require.Equal(t, deal(t, set, usual), deal(t, set, triggers))

	dealt := played(func(s *config.Seeds) { s.Deal = &other })
	require.Equal(t, usual.Game.Attackers, dealt.Game.Attackers)
	require.Equal(t, usual.TrainingSeed(), dealt.TrainingSeed())
	require.NotEqual(t, deal(t, set, usual), deal(t, set, dealt))
}

// deal returns who owns which images in the game of a cell.
func deal(t *testing.T, set *datasets.Set, c cell.Cell) *game.Deal {
	t.Helper()
	g, err := game.New(set, c.Game)
	require.NoError(t, err)
	return g.Deal()
}
