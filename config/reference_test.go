package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

var regen = flag.Bool("regen", false, "rewrite docs/config.md")

// docs/config.md is what the declarations say.
func TestReferenceIsUpToDate(t *testing.T) {
	golden := filepath.Join("..", "docs", "config.md")
	if *regen {
		require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(config.Reference()), 0o644))
	}
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, config.Reference(), string(text), "run: go test ./config -regen")
}
