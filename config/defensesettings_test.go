package config_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// A configuration that is stored as JSON, as in a plan for other hosts, keeps the settings of
// the defenses, with their types.
func TestStoredDefenseSettings(t *testing.T) {
	resolved, err := config.Load(config.Options{Sets: []string{
		"defenders=pgd,cutmix", "pgd.steps=3", "pgd.epsilon=4.5", "pgd.random_start=false", "pgd.placement=replace",
	}})
	require.NoError(t, err)
	text, err := json.Marshal(resolved.Config)
	require.NoError(t, err)
	var read config.Config
	require.NoError(t, json.Unmarshal(text, &read))
	require.Equal(t, resolved.Config, read)
	require.Equal(t, 3, read.Defenses.Get("pgd.steps"))

	for _, bad := range []string{`{"pgd.stepps":3}`, `{"pgd.steps":"three"}`, `{"seed":3}`, `[]`} {
		require.Error(t, json.Unmarshal([]byte(bad), &read.Defenses), bad)
	}
}
