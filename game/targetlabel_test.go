package game_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/game"
)

func TestTargetLabels(t *testing.T) {
	for text, label := range map[string]game.TargetLabel{"0": 0, "7": 7, "null": game.NoTarget} {
		written, err := json.Marshal(label)
		require.NoError(t, err)
		require.Equal(t, text, string(written))
		read := game.TargetLabel(3)
		require.NoError(t, json.Unmarshal([]byte(text), &read))
		require.Equal(t, label, read)
	}
	for _, text := range []string{"-1", `"a"`, "1.5"} {
		var read game.TargetLabel
		require.Error(t, json.Unmarshal([]byte(text), &read), text)
	}
	classes := []string{"a", "b"}
	require.Equal(t, "b", game.Attacker{Target: 1}.TargetLabel().Name(classes))
	require.Equal(t, "b", game.Attacker{Target: 1, Mapping: game.SourceSpecific, Sources: []int{0}}.TargetLabel().Name(classes))
	require.Empty(t, game.Attacker{Mapping: game.AllToAll}.TargetLabel().Name(classes))
}
