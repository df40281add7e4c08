package engine

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The engine's program links neither the command line nor the reading of configurations, nor the
// rooms that plan, run and summarise.
func TestDependencies(t *testing.T) {
	list, err := exec.Command("go", "list", "-deps", "./backfire-engine").Output()
	require.NoError(t, err)
	packages := strings.Fields(string(list))
	require.Contains(t, packages, "backfire/experiments/worker")
	for _, name := range []string{
		"github.com/spf13/viper", "github.com/spf13/cobra", "backfire/cli", "backfire/config", "backfire/experiments/plan",
		"backfire/experiments/runner", "backfire/experiments/summary", "backfire/report",
	} {
		require.NotContains(t, packages, name)
	}
}
