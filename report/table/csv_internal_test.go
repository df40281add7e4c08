package table

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The seed is not there twice, a key with the name of another column is told from it, and a point without a key
// leaves it empty.
func TestLongFormHasTheVariedKeys(t *testing.T) {
	table := &Table{Name: "mine", Dataset: "mnist", AttackerRows: []AttackerRow{
		{Point: "a", Seed: 1, Keys: map[string]string{"seed": "1", "trigger.range": "area", "train.nesterov": "true", "training": "modern", "width": "narrow"}},
		{Point: "b", Seed: 2, Keys: map[string]string{"attackers.p": "0.3"}},
	}}
	text, err := table.attackersCSV()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Equal(t, strings.Join(attackerColumns, ",")+",attackers.p,point.training,point.width,train.nesterov,trigger.range", lines[0])
	require.Regexp(t, `,,modern,narrow,TRUE,area$`, lines[1])
	require.Regexp(t, `,0.3,,,,$`, lines[2])
}
