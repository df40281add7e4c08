package enginetest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/plan"
)

// unknownConfig plays three attackers against defenders that are asked with and
// without an index.
func UnknownConfig(t *testing.T) config.Config {
	t.Helper()
	cfg := DefendedConfig(t, "indexing", "indexing_grouped", "indexing_unknown")
	cfg.Attackers.Counts, cfg.Attackers.Singles = []int{3}, 0
	cfg.Indexing.Models, cfg.Indexing.Batch, cfg.Indexing.Query = 2, 5, "batch"
	return cfg
}

// defenderOf returns what a defender of the first game trains.
func DefenderOf(t *testing.T, p *plan.Plan, name string) plan.PlannedDefender {
	t.Helper()
	i := slices.IndexFunc(p.Games[0].Defenders, func(d plan.PlannedDefender) bool { return d.Name == name })
	require.GreaterOrEqual(t, i, 0)
	return p.Games[0].Defenders[i]
}
