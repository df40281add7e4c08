package enginetest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/plan"
)

// plainSweep is the tiny configuration as a sweep of one point.
func PlainSweep(t *testing.T) *plan.Sweep {
	t.Helper()
	cfg, err := Config()
	require.NoError(t, err)
	sweep, err := plan.NewSweep(context.Background(), []plan.SweepPoint{{Config: cfg}}, Loader)
	require.NoError(t, err)
	return sweep
}
