package defenses_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
)

// What stands beside a vote must leave every model to its group and the defender.
func TestDefensesBesideAVote(t *testing.T) {
	for text, reason := range map[string]string{
		"[vote]":                                     "",
		"[vote, cutmix, fine_tuning]":                "",
		"[vote, spectral_signatures]":                "",
		"[vote, proactive_backdoor]":                 "",
		"[vote, adversarial_triggers]":               "",
		"[{vote: {own: false}}, pgd]":                "",
		"[vote, agent_augmentation]":                 "",
		"[{vote: {own: false}}, agent_augmentation]": "agent_augmentation and vote(own=false) together",
		"[vote, exec]":                               "",
		"[vote, indexing]":                           `a defender has one defense at the stage "models"`,
		"[{vote: {own: false}}, fine_pruning]":       "fine_pruning and vote(own=false) together: fine_pruning needs the defender's own images",
		"[{vote: {own: false}}, proactive_backdoor]": "proactive_backdoor and vote(own=false) together",
		"[{vote: {rule: plurality}}]":                `vote: rule is "plurality": it must be majority or run_off`,
		"[{vote: {groups: -1}}]":                     "vote: groups is -1: it must be at least 0",
	} {
		stack, err := decode(text)
		require.NoError(t, err, text)
		if err := stack.Validate(); reason == "" {
			require.NoError(t, err, text)
		} else {
			require.ErrorContains(t, err, reason, text)
		}
	}
	stack, err := decode("[{vote: {groups: 4}}]")
	require.NoError(t, err)
	require.NoError(t, stack.Fits(defenses.Scale{Agents: 4, Epochs: 1}))
	require.ErrorContains(t, stack.Fits(defenses.Scale{Agents: 3, Epochs: 1}), "groups is 4, more than the 3 agents: choose at most 3, or 0")
	require.True(t, stack.Training().Empty(), "a model does not know which others vote")
}
