package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryColumnOfTheLongFormIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "tables.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## The long form\n")
	require.True(t, found)
	var documented []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		documented = append(documented, match[1])
	}
	require.Equal(t, runColumns, documented)
}

// A key that already has a column is not there twice, and a point without a key
// leaves it empty.
func TestLongFormHasTheVariedKeys(t *testing.T) {
	table := &Table{Name: "mine", Dataset: "mnist", Runs: []Run{
		{Point: "a", Seed: 1, Keys: map[string]string{"seed": "1", "trigger.range": "area"}},
		{Point: "b", Seed: 2, Keys: map[string]string{"attackers.p": "0.3"}},
	}}
	text, err := table.runsCSV()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Equal(t, strings.Join(runColumns, ",")+",attackers.p,trigger.range", lines[0])
	require.Regexp(t, `,,area$`, lines[1])
	require.Regexp(t, `,0.3,$`, lines[2])
}
