package game_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/game"
)

func TestRateJSON(t *testing.T) {
	for _, tc := range []struct {
		rate game.Rate
		want string
	}{
		{game.Rate{Hits: 37, Of: 40}, `{"hits":37,"of":40,"rate":0.925}`},
		{game.Rate{Hits: 0, Of: 7}, `{"hits":0,"of":7,"rate":0}`},
		{game.Rate{}, `{"hits":0,"of":0,"rate":null}`},
	} {
		data, err := json.Marshal(tc.rate)
		require.NoError(t, err)
		require.Equal(t, tc.want, string(data))
		var back game.Rate
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, tc.rate, back)
	}
	require.True(t, math.IsNaN(game.Rate{}.Value()))
	require.Error(t, json.Unmarshal([]byte(`{"hits":"many"}`), &game.Rate{}))
}
