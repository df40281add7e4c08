package defenses_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
)

// A program takes the place of the whole training, so that only a change of the defender's own data goes with it.
func TestExecTakesThePlaceOfTheTraining(t *testing.T) {
	for kind, fits := range map[defenses.Kind]bool{
		defenses.KindAgentAugmentation: true, defenses.KindCutMix: false, defenses.KindPGD: false,
		"spectral_signatures": false, "fine_tuning": false, defenses.KindIndexing: false,
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

// A version that looks like a number stays a text.
func TestVersionIsAText(t *testing.T) {
	var s defenses.Stack
	require.NoError(t, s.AddDefault(defenses.KindExec))
	require.NoError(t, s.Set(defenses.KindExec, "version", "1.20"))
	require.Equal(t, "1.20", defenses.Get[defenses.Exec](s, defenses.KindExec).Version)
}
