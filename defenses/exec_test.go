package defenses_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/defenses/indexing"
	"backfire/defenses/vote"
)

// A program takes the place of a whole training: a change of the defender's own data goes with it, and what decides
// which trainings there are.
func TestExecTakesThePlaceOfTheTraining(t *testing.T) {
	for kind, fits := range map[defenses.Kind]bool{
		defenses.KindAgentAugmentation: true, defenses.KindCutMix: false, defenses.KindPGD: false,
		"spectral_signatures": false, "fine_tuning": false, indexing.Kind: true, vote.Kind: true,
	} {
		var s defenses.Stack
		require.NoError(t, s.AddDefault(defenses.KindExec))
		require.NoError(t, s.AddDefault(kind))
		if fits {
			require.NoError(t, s.Validate(), kind)
		} else {
			require.ErrorContains(t, s.Validate(), "leave one out", kind)
		}
	}
}

// Models that start from each other's states, and guesses by features, need trainings of the program's own kind.
func TestExecBesideIndexing(t *testing.T) {
	for _, change := range []func(*indexing.Defense){
		func(d *indexing.Defense) { d.Mode, d.Models = string(indexing.Sliced), 2 },
		func(d *indexing.Defense) { d.Index = indexing.IndexUnknown },
	} {
		settings, err := defenses.Default[indexing.Defense](indexing.Kind)
		require.NoError(t, err)
		change(settings)
		var s defenses.Stack
		require.NoError(t, s.AddDefault(defenses.KindExec))
		require.ErrorContains(t, s.With(indexing.Kind, settings).Validate(), "needs models that each start anew")
	}
}

// A version that looks like a number stays a text.
func TestVersionIsAText(t *testing.T) {
	var s defenses.Stack
	require.NoError(t, s.AddDefault(defenses.KindExec))
	require.NoError(t, s.Set(defenses.KindExec, "version", "1.20"))
	require.Equal(t, "1.20", defenses.Get[defenses.Exec](s, defenses.KindExec).Version)
}
