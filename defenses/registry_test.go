package defenses_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
)

// Every registered defense has valid default settings, and its name is accepted
// wherever a stack names a defense.
func TestEveryDefenseHasDefaults(t *testing.T) {
	for _, kind := range defenses.Kinds() {
		var s defenses.Stack
		require.NoError(t, s.AddDefault(kind))
		require.NoError(t, s.Validate())
		require.Equal(t, []defenses.Kind{kind}, s.Kinds())
		require.Equal(t, string(kind), s.String())
		require.EqualError(t, s.AddDefault(kind), fmt.Sprintf("the stack has %s twice", kind))

		var read defenses.Stack
		require.NoError(t, json.Unmarshal(fmt.Appendf(nil, "[%q]", kind), &read))
		require.Equal(t, s, read)
	}
}

// The order of Kinds is the order of application.
func TestKindsAreInTheOrderOfApplication(t *testing.T) {
	require.Equal(t, []defenses.Kind{
		defenses.KindAgentAugmentation, defenses.KindAdversarialTriggers, defenses.KindProactiveBackdoor, defenses.KindCutMix, defenses.KindMixUp,
		defenses.KindPGD, defenses.KindFGSM, "spectral_signatures", "activation_clustering", "loss_isolation", "perfect_filter",
		"fine_tuning", "fine_pruning", "neuron_pruning", defenses.KindExec, defenses.KindIndexing,
	}, defenses.Kinds())
	require.Equal(t, []string{"indexing", "indexing_grouped", "indexing_sliced", "indexing_unknown"}, defenses.IndexingNames())
}

func TestSetChangesOneSetting(t *testing.T) {
	var s defenses.Stack
	require.NoError(t, s.AddDefault(defenses.KindPGD))
	want := *defenses.Get[defenses.PGD](s, defenses.KindPGD)
	want.Epsilon, want.RandomStart, want.Placement = 4, false, defenses.Replace
	require.NoError(t, s.Set(defenses.KindPGD, "epsilon", "4"))
	require.NoError(t, s.Set(defenses.KindPGD, "random_start", "false"))
	require.NoError(t, s.Set(defenses.KindPGD, "placement", "replace"))
	require.Equal(t, defenses.NewStack(defenses.KindPGD, &want), s)

	require.EqualError(t, s.Set(defenses.KindPGD, "radius", "4"), `unknown field "radius"`)
	require.EqualError(t, s.Set(defenses.KindPGD, "steps", "many"), "steps is a string: it must be a int")
	require.EqualError(t, s.Set(defenses.KindFGSM, "epsilon", "4"), "the stack has no fgsm")
	require.ErrorContains(t, s.Set("prayer", "epsilon", "4"), `there is no defense "prayer": choose one of [agent_augmentation `)
}
