package table

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A key that already has a column is not there twice, and a point without a key
// leaves it empty.
func TestLongFormHasTheVariedKeys(t *testing.T) {
	table := &Table{Name: "mine", Dataset: "mnist", AttackerRows: []AttackerRow{
		{Point: "a", Seed: 1, Keys: map[string]string{"seed": "1", "trigger.range": "area", "train.nesterov": "true"}},
		{Point: "b", Seed: 2, Keys: map[string]string{"attackers.p": "0.3"}},
	}}
	text, err := table.attackersCSV()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Equal(t, strings.Join(attackerColumns, ",")+",attackers.p,train.nesterov,trigger.range", lines[0])
	require.Regexp(t, `,,TRUE,area$`, lines[1])
	require.Regexp(t, `,0.3,,$`, lines[2])
}
