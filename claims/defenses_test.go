package claims

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/defenses/filter"
	"backfire/defenses/indexing"
)

// The names of the defenses are those of package defenses, the only list of them.
func TestDefensesHaveTheNamesOfPackageDefenses(t *testing.T) {
	require.Equal(t, defenses.None, NoDefense)
	require.Equal(t, string(defenses.KindCutMix), CutMix)
	require.Equal(t, string(defenses.KindAgentAugmentation), AgentAugmentation)
	require.Equal(t, string(indexing.Kind), AgentIndexing)
	require.Equal(t, string(defenses.KindMixUp), mixUp)
	require.Equal(t, string(defenses.KindAdversarialTriggers), adversarialTriggers)
	require.Equal(t, string(defenses.KindFGSM), fgsm)
	require.Equal(t, string(defenses.KindPGD), pgd)
	require.Equal(t, string(filter.SpectralSignatures.Kind), spectralSignatures)
	require.Equal(t, string(filter.ActivationClustering.Kind), activationClustering)
}
