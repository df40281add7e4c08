package indexing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses/definition"
	"backfire/defenses/indexing"
)

// agents are two attackers and two honest contributors.
var agents = definition.Agents{IDs: []int{7, 4, 3, 9}, Attackers: 2, Epochs: 50, Seed: 1}

func TestDeclaredModels(t *testing.T) {
	exact := &indexing.Defense{Mode: string(indexing.Exact), Index: indexing.IndexKnown}
	set, err := exact.PlanModels(agents)
	require.NoError(t, err)
	require.Equal(t, &definition.ModelSet{
		Models: []definition.Model{{Excluded: []int{7}}, {Excluded: []int{4}}}, Answers: []int{0, 1},
	}, set, "honest contributors are not asked")

	exact.Honest = true
	set, err = exact.PlanModels(agents)
	require.NoError(t, err)
	require.Len(t, set.Models, 4)
	require.Equal(t, []int{0, 1, 2, 3}, set.Answers)

	grouped := &indexing.Defense{Mode: string(indexing.Grouped), Models: 1, Index: indexing.IndexKnown}
	set, err = grouped.PlanModels(agents)
	require.NoError(t, err)
	require.Equal(t, &definition.ModelSet{Models: []definition.Model{{Excluded: agents.IDs}}, Answers: []int{0, 0}}, set)

	grouped.Models = 5
	_, err = grouped.PlanModels(agents)
	require.ErrorIs(t, err, indexing.ErrPlan)
}

func TestDeclaredSlices(t *testing.T) {
	sliced := &indexing.Defense{Mode: string(indexing.Sliced), Models: 2, Index: indexing.IndexKnown}
	set, err := sliced.PlanModels(agents)
	require.NoError(t, err)
	require.Len(t, set.Models, 3, "one that saves states, and one without each attacker")
	require.Empty(t, set.Models[0].Excluded)
	var entered []int
	for _, model := range set.Models {
		require.Len(t, model.Slices, 2)
		require.Equal(t, set.Models[0].Slices, model.Slices)
	}
	for _, slice := range set.Models[0].Slices {
		require.Equal(t, 25, slice.Epochs)
		entered = append(entered, slice.Enter...)
	}
	require.ElementsMatch(t, agents.IDs, entered)
	require.Equal(t, []int{7}, set.Models[set.Answers[0]].Excluded)
}

func TestDeclaredModelsWithoutAnIndex(t *testing.T) {
	for update, models := range map[indexing.Update]int{indexing.Retrain: 6, indexing.Unlearn: 2, indexing.Pick: 4} {
		unknown := indexing.AgentIndexing.Default().(*indexing.Defense)
		unknown.Index, unknown.Update = indexing.IndexUnknown, string(update)
		if update == indexing.Pick {
			unknown.Models = 2
		}
		set, err := unknown.PlanModels(agents)
		require.NoError(t, err, update)
		require.Len(t, set.Models, models, update)
		require.Equal(t, definition.Model{}, set.Models[0])
		require.Equal(t, definition.Model{Attributes: true}, set.Models[indexing.AttributionModel])
		require.Len(t, set.Answers, len(agents.IDs), "any agent may be guessed")
	}
}
