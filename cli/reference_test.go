package cli

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

var regen = flag.Bool("regen", false, "rewrite docs/cli.md")

// docs/cli.md follows from the command tree.
func TestReferenceIsUpToDate(t *testing.T) {
	golden := filepath.Join("..", "docs", "cli.md")
	if *regen {
		require.NoError(t, os.WriteFile(golden, []byte(Reference()), 0o644))
	}
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, Reference(), string(text), "run: go test ./cli -run TestReference -regen")
	for line := range strings.Lines(Reference()) {
		line = strings.TrimRight(line, "\n")
		code := strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "|")
		require.True(t, code || len([]rune(line)) <= 100, line)
	}
}

// Each command has its purpose in one line and in full, an example that names it, and
// flags that are described.
func TestEveryCommandIsDescribed(t *testing.T) {
	streams, _, _ := testStreams()
	walk(newCmdRoot(streams), func(cmd *cobra.Command) {
		path := cmd.CommandPath()
		require.NotEmpty(t, cmd.Short, path)
		require.NotRegexp(t, `\.$`, cmd.Short, path)
		require.NotEmpty(t, cmd.Long, path)
		require.Regexp(t, `\.$`, cmd.Long, path)
		for line := range strings.Lines(cmd.Long) {
			require.LessOrEqual(t, len([]rune(strings.TrimSpace(line))), 100, "%s: %s", path, line)
		}
		if !cmd.Hidden {
			require.Contains(t, cmd.Example, path, path)
		}
		require.True(t, cmd.Runnable(), path)
		require.NotNil(t, cmd.Args, path)
		cmd.Flags().VisitAll(func(flag *pflag.Flag) { require.NotEmpty(t, flag.Usage, "%s --%s", path, flag.Name) })
		names := map[string]bool{}
		for _, sub := range cmd.Commands() {
			require.False(t, names[sub.Name()], "%s is there twice", sub.CommandPath())
			names[sub.Name()] = true
			require.True(t, cmd.HasParent() || sub.GroupID != "", "%s has no group", sub.CommandPath())
		}
	})
}
