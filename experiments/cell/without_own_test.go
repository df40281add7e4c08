package cell_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

// A model of a group sees the images of its agents and, unless it leaves them out, of the defender.
func TestTrainingWithoutTheDefendersImages(t *testing.T) {
	p := enginetest.NewPlan(t)
	c, _ := p.Cell(p.Games[1].Cell) // two attackers, two honest contributors
	require.Nil(t, cell.NewDefense(defenses.Stack{}, definition.Model{AvoidsGroup: true}), "one group of all agents is a training without a defense")
	_, whole, _ := enginetest.TrainingOf(t, c)

	with, without := c, c
	with.Defense = cell.NewDefense(defenses.Stack{}, definition.Model{Excluded: []int{1, 2, 3}, AvoidsGroup: true})
	without.Defense = cell.NewDefense(defenses.Stack{}, definition.Model{Excluded: []int{1, 2, 3}, WithoutOwn: true})
	for _, g := range []cell.Cell{with, without} {
		require.NoError(t, g.Validate())
		_, set, _ := enginetest.TrainingOf(t, g)
		owners := map[int]bool{}
		for _, row := range set.Rows {
			owners[row.Owner] = true
		}
		want := map[int]bool{0: true}
		if !g.Defense.WithoutOwn {
			want[game.Defender] = true
		}
		require.Equal(t, want, owners)
		require.Less(t, len(set.Rows), len(whole.Rows))
		require.InDelta(t, len(set.Rows), g.TrainingRows(1), 2)
		require.Len(t, set.Images, len(set.Rows)*set.Shape.Size())
	}
	require.Equal(t, "leaving out agents 1 2 3, without the defender's own images", without.Defense.String())
	hashes := map[string]bool{}
	for _, g := range []cell.Cell{c, with, without} {
		hash, err := g.Hash()
		require.NoError(t, err)
		hashes[hash] = true
	}
	require.Len(t, hashes, 3)

	unchanged := c
	unchanged.Defense = cell.NewDefense(defenses.Stack{}, definition.Model{Excluded: []int{1, 2, 3}})
	a, err := unchanged.Hash()
	require.NoError(t, err)
	b, err := with.Hash()
	require.NoError(t, err)
	require.Equal(t, a, b, "it is the model of agent indexing without these agents")
}

// The model of a group does not depend on the triggers of other agents, also where a simulated trigger is one of them.
func TestSimulatedTriggersOfAGroup(t *testing.T) {
	p := enginetest.NewPlan(t)
	c, _ := p.Cell(p.Games[1].Cell) // attackers 0 and 1
	stack := enginetest.StackOf(t, "[{agent_augmentation: {agents: 2}}]")
	g, _, _ := enginetest.TrainingOf(t, c)
	model := definition.Model{Excluded: []int{1, 2, 3}, AvoidsGroup: true}
	c.Defense = cell.NewDefense(stack, model)
	require.True(t, c.Defense.AvoidsGroup)
	require.NoError(t, c.Validate())
	set := func(c cell.Cell, avoid []*triggers.Trigger) []uint8 {
		training, _, err := c.TrainingSet(g.Training(), avoid)
		require.NoError(t, err)
		return training.Images
	}
	drawn, err := defenses.Augment(g.Training(), *defenses.Get[defenses.AgentAugmentation](stack, defenses.KindAgentAugmentation), nil, c.TrainingSeed())
	require.NoError(t, err)
	own, other := g.Triggers()[0], g.Triggers()[1]
	first := drawn.Triggers[0]
	free := set(c, []*triggers.Trigger{own, other})
	require.Equal(t, free, set(c, []*triggers.Trigger{own, first}), "another agent has the first simulated trigger")
	require.NotEqual(t, free, set(c, []*triggers.Trigger{first, other}), "the group's own agent has it")

	all := c
	model.AvoidsGroup = false
	all.Defense = cell.NewDefense(stack, model)
	require.NotEqual(t, free, set(all, []*triggers.Trigger{own, first}))

	for name, wrong := range map[string]cell.Defense{
		"no group":    {Excluded: []int{}, AvoidsGroup: true, Stack: stack},
		"no triggers": {Excluded: []int{1}, AvoidsGroup: true, Stack: enginetest.StackOf(t, "[cutmix]")},
	} {
		c.Defense = &wrong
		require.ErrorContains(t, c.Validate(), "simulated triggers that avoid those of a group", name)
	}
}

func TestTrainingWithoutTheDefendersImagesIsRefused(t *testing.T) {
	p := enginetest.NewPlan(t)
	c, _ := p.Cell(p.Games[1].Cell)
	for name, defense := range map[string]*cell.Defense{
		"no images": {Excluded: c.Game.AgentIDs(), WithoutOwn: true},
		"a repair":  {Excluded: []int{}, WithoutOwn: true, Stack: enginetest.StackOf(t, "[fine_tuning]")},
		"data":      {Excluded: []int{}, WithoutOwn: true, Stack: enginetest.StackOf(t, "[agent_augmentation]")},
		"slices":    {Excluded: []int{}, WithoutOwn: true, Slices: []cell.Slice{{Enter: c.Game.AgentIDs(), Epochs: c.Training.Epochs}}},
	} {
		c.Defense = defense
		require.ErrorContains(t, c.Validate(), "without the defender's own images", name)
	}
}
