package summary

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/experiments/runner"
	"backfire/experiments/store"
	"backfire/internal/enginetest"
)

// A sweep plays the defenders of every point, each game's after the game, and
// waits with them for triggers as with the game.
func TestSweepPlaysDefenders(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		enginetest.Verified(0.8)(c)
		c.Attackers.Counts, c.Attackers.Singles, c.Defenders = []int{2}, 2, []string{"indexing", "cutmix"}
	}))
	game := []string{"N = 2", "N = 2, leaving out agent 0", "N = 2, leaving out agent 1", "N = 2, cutmix"}
	_, waiting := enginetest.Wanted(enginetest.After(t, sweep, nil))
	require.Equal(t, append([]string{"attacker 0 alone on 2 seats", "attacker 1 alone on 2 seats"}, game...), waiting)
	first, second := enginetest.Verifying(0, 2, 1), enginetest.Verifying(1, 2, 1)
	decided, waiting := enginetest.Wanted(enginetest.After(t, sweep, map[string]plan.KnownResult{first: enginetest.PercentOf(80), second: enginetest.PercentOf(80)}))
	require.Empty(t, waiting)
	require.Equal(t, append([]string{first, "attacker 0 alone on 2 seats", second, "attacker 1 alone on 2 seats"}, game...), decided)

	store, err := store.Open(t.TempDir())
	require.NoError(t, err)
	runner := &runner.Runner{Store: store, Command: enginetest.Command(enginetest.Fault{}), Workers: 2, Threads: 1, Device: "cpu"}
	outcome, err := runner.RunSweep(context.Background(), sweep)
	require.NoError(t, err)
	require.Empty(t, outcome.Failed)
	s, err := Summarize(sweep, store)
	require.NoError(t, err)
	require.Empty(t, s.Missing)
	var defenders []string
	for _, g := range s.Points[0].Games {
		require.True(t, g.Complete)
		require.NotNil(t, g.Overlaps)
		defenders = append(defenders, g.Defender)
	}
	require.Equal(t, []string{"none", "indexing", "cutmix"}, defenders)
}
