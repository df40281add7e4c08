package plan_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/vote"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/internal/enginetest"
)

// Each agent is in the training set of one model, and the defender in all or none.
func TestVotesHaveAModelForEachGroup(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "vote", "vote(own=false groups=2 rule=run_off)", "vote+spectral_signatures")
	cfg.Deal.Seats, cfg.Attackers.Counts, cfg.Attackers.Singles = "5", []int{2, 3}, 0
	p := enginetest.DefendedPlan(t, cfg)
	for _, g := range p.Games {
		twin, _ := p.Cell(g.Cell)
		for _, d := range g.Defenders {
			require.NotNil(t, d.Vote, d.Name)
			require.Empty(t, d.Vote.Control)
			var agents []int
			for i, group := range d.Vote.Groups {
				agents = append(agents, group...)
				c, ok := p.Cell(d.Models[i])
				require.True(t, ok)
				for _, id := range twin.Game.AgentIDs() {
					require.NotEqual(t, slices.Contains(group, id), slices.Contains(c.Defense.Excluded, id), "%s, agent %d", d.Name, id)
				}
				require.Equal(t, !d.Vote.Own, c.Defense.WithoutOwn)
			}
			require.ElementsMatch(t, twin.Game.AgentIDs(), agents)
			for position, answer := range d.Answers {
				require.Contains(t, d.Vote.Groups[answer], twin.Game.Attackers[position].ID)
			}
		}
		require.Equal(t, plan.PlannedVote{Rule: vote.Majority, Own: true, Groups: [][]int{{0}, {1}, {2}, {3}, {4}}}, *withIDsSorted(g.Defenders[0].Vote))
		require.Equal(t, vote.RunOff, g.Defenders[1].Vote.Rule)
		require.Len(t, g.Defenders[1].Models, 2)
		require.Len(t, g.Defenders[2].Models, 10, "each voter, and the model that its filter looks at")
		require.Len(t, g.Defenders[2].Vote.Groups, 5)
	}
	require.ElementsMatch(t, p.Games[0].Defenders[1].Vote.Groups, orderedAs(p.Games[0].Defenders[1].Vote.Groups, p.Games[1].Defenders[1].Vote.Groups), "who shares a group does not depend on who attacks")
}

// withIDsSorted returns a vote with its groups in the order of their first agents.
func withIDsSorted(v *plan.PlannedVote) *plan.PlannedVote {
	sorted := *v
	sorted.Groups = slices.SortedFunc(slices.Values(v.Groups), func(a, b []int) int { return a[0] - b[0] })
	return &sorted
}

// orderedAs returns the groups with the agents of each in the order that the group has among others.
func orderedAs(others, groups [][]int) [][]int {
	var ordered [][]int
	for _, group := range groups {
		for _, other := range others {
			if slices.Equal(slices.Sorted(slices.Values(group)), slices.Sorted(slices.Values(other))) {
				ordered = append(ordered, other)
			}
		}
	}
	return ordered
}

// The control has the same groups, seeds and triggers, and no attacker poisons anything.
func TestControlOfAVotePoisonsNothing(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "vote(control=true)")
	cfg.Attackers.Counts, cfg.Attackers.Singles = []int{3}, 0
	sweep := enginetest.NewSweep(t, plan.SweepPoint{Config: cfg})
	d := sweep.Points[0].Games[0].Defenders[0]
	require.Len(t, d.Vote.Control, 3)
	worklist, err := sweep.Worklist(nil)
	require.NoError(t, err)
	p := worklist.Plans[0]
	for i, hash := range d.Vote.Control {
		own, _ := p.Cell(d.Models[i])
		control, ok := p.Cell(hash)
		require.True(t, ok)
		for _, a := range control.Game.Attackers {
			require.Zero(t, a.PoisonRate)
		}
		own.Game = own.Game.WithoutAttack()
		require.Equal(t, own, control)
	}
	for _, task := range worklist.Tasks {
		votes := slices.Contains(d.Models, task.Hash) || slices.Contains(d.Vote.Control, task.Hash)
		require.Equal(t, votes, task.Artefacts.Rankings, task.Title)
	}

	cfg.Attackers.P0 = new(float64)
	sweep = enginetest.NewSweep(t, plan.SweepPoint{Config: cfg})
	require.Empty(t, sweep.Points[0].Games[0].Defenders[0].Vote.Control, "the game itself is without poison")
}

// Triggers that are simulated for a model that votes avoid those of its group alone.
func TestVotesWithSimulatedTriggers(t *testing.T) {
	cfg := enginetest.DefendedConfig(t, "vote+agent_augmentation", "vote", "indexing+agent_augmentation")
	cfg.Attackers.Counts, cfg.Attackers.Singles = []int{3}, 0
	p := enginetest.DefendedPlan(t, cfg)
	for at, avoids := range []bool{true, false, false} {
		d := p.Games[0].Defenders[at]
		for _, hash := range d.Models {
			c, ok := p.Cell(hash)
			require.True(t, ok)
			require.Equal(t, avoids, c.Defense.AvoidsGroup, d.Name)
		}
	}
}

func TestVotesThatDoNotFit(t *testing.T) {
	for defender, reason := range map[string]string{
		"vote(groups=4)":                     "groups is 4, more than the 3 agents",
		"vote(own=false)+agent_augmentation": "needs the defender's own images",
		"vote(own=false)+fine_tuning":        "needs the defender's own images",
		"vote(own=false groups=3)":           "the training set has only",
	} {
		cfg := enginetest.DefendedConfig(t, defender)
		cfg.Attackers.Counts, cfg.Attackers.Singles = []int{3}, 0
		if defender == "vote(own=false groups=3)" {
			cfg.Train.Batch = 100 // a group of one agent has fewer images
		}
		_, err := plan.NewSweep(context.Background(), []plan.SweepPoint{{Config: cfg}}, enginetest.Loader)
		require.ErrorIs(t, err, cell.ErrPlan, defender)
		require.ErrorContains(t, err, reason, defender)
	}
}
