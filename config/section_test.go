package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSectionHasTheValuesOfItsKeys(t *testing.T) {
	resolved, err := Load(Options{Sets: []string{"pgd.epsilon=1.5", "pgd.random_start=false"}})
	require.NoError(t, err)
	values := map[string]string{}
	for _, s := range resolved.Config.Section("pgd") {
		values[s.Key] = s.Value
	}
	require.Equal(t, "1.5", values["epsilon"])
	require.Equal(t, "false", values["random_start"])
	require.Contains(t, values, "placement")
	require.Empty(t, resolved.Config.Section("prayer"))
}
