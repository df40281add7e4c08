package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

var regen = flag.Bool("regen", false, "rewrite docs/config.md")

// docs/config.md follows from the declarations.
func TestReferenceIsUpToDate(t *testing.T) {
	golden := filepath.Join("..", "docs", "config.md")
	if *regen {
		require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(config.Reference()), 0o644))
	}
	text, err := os.ReadFile(golden)
	require.NoError(t, err)
	if string(text) != config.Reference() { // the texts are too long to be shown
		t.Fatal("docs/config.md is out of date; run: go test ./config -regen")
	}
}

// The rows of a table cannot be wrapped.
func TestReferenceHasShortLines(t *testing.T) {
	for line := range strings.Lines(config.Reference()) {
		if !strings.HasPrefix(line, "| ") {
			require.LessOrEqual(t, len(strings.TrimSuffix(line, "\n")), 100, line)
		}
	}
}
