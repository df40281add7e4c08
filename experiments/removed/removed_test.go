package removed_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/removed"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
)

// rows are those of a defender and two agents.
var rows = []game.Row{
	{Owner: game.Defender, Trigger: game.NoTrigger},
	{Source: 7, Owner: 0, Trigger: 0, Old: 1, New: 2},
	{Source: 8, Owner: 0, Trigger: game.NoTrigger, Old: 1, New: 1},
	{Source: 9, Owner: 1, Trigger: 1, Old: 0, New: 2},
	{Source: 10, Owner: 1, Trigger: game.NoTrigger, Old: 2, New: 2},
}

func TestCount(t *testing.T) {
	counts := removed.Count(enginetest.ExampleCell(), rows, []int{1, 2, 4})
	require.Equal(t, &removed.Counts{
		Precision: game.Rate{Hits: 1, Of: 3}, Recall: game.Rate{Hits: 1, Of: 2}, HonestLost: game.Rate{Hits: 2, Of: 2},
		Agents: []removed.Agent{
			{ID: 3, Precision: game.Rate{Hits: 1, Of: 2}, Recall: game.Rate{Hits: 1, Of: 1}, HonestLost: game.Rate{Hits: 1, Of: 1}, LostByClass: []int{0, 1, 0}},
			{ID: 4, Precision: game.Rate{Of: 1}, Recall: game.Rate{Of: 1}, HonestLost: game.Rate{Hits: 1, Of: 1}, LostByClass: []int{0, 0, 1}},
		},
	}, counts)
}

func TestListsSurviveTheFile(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, removed.Write(disk.In(dir), enginetest.ExampleCell(), rows, []int{1, 4}))
	text, err := os.ReadFile(filepath.Join(dir, removed.File))
	require.NoError(t, err)
	require.Equal(t, "row,source,owner,trigger,old_label,new_label\n1,7,3,3,1,2\n4,10,4,,2,2\n", string(text))
	read, err := removed.Read(disk.In(dir))
	require.NoError(t, err)
	require.Equal(t, []int{1, 4}, read)
	for _, bad := range []string{"", "row\n1\n", "row,source,owner,trigger,old_label,new_label\n4,7,3,3,1,2\n1,10,4,,2,2\n", "row,source,owner,trigger,old_label,new_label\n-1,7,3,3,1,2\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, removed.File), []byte(bad), 0o600))
		_, err := removed.Read(disk.In(dir))
		require.ErrorIs(t, err, removed.ErrFile, "%q", bad)
	}
}
