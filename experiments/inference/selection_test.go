package inference_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/inference"
	"backfire/experiments/store"
)

// A selection that does not name exactly one defender is refused with its field, and
// with the values that the run has.
func TestSelectRefuses(t *testing.T) {
	st, run := storeOf(t)
	model := modelOf(t, st, "leaving out agent 0")
	for name, tc := range map[string]struct {
		selection     inference.Selection
		field, reason string
	}{
		"no such run":             {inference.Selection{Run: "zz"}, inference.FieldRun, "neither a run nor a result"},
		"no run":                  {inference.Selection{}, inference.FieldRun, "give the hash of a run"},
		"no such point":           {inference.Selection{Run: run, Point: "p1=0.3"}, inference.FieldPoint, "the run has only "},
		"no such seed":            {inference.Selection{Run: run, Seed: "7"}, inference.FieldSeed, "the run has only 1"},
		"no such game":            {inference.Selection{Run: run, Attackers: 4}, inference.FieldAttackers, "the run has only 3"},
		"no such defender":        {inference.Selection{Run: run, Defender: "cutmix"}, inference.FieldDefender, "the run has only none; indexing; indexing_grouped; indexing_unknown"},
		"several defenders":       {inference.Selection{Run: run}, inference.FieldDefender, "choose one of none, indexing, indexing_grouped, indexing_unknown"},
		"several for a guess":     {inference.Selection{Run: run, Guess: true}, inference.FieldDefender, "choose one of indexing, indexing_grouped, indexing_unknown"},
		"one model has no others": {inference.Selection{Run: model, Attackers: 3}, inference.FieldRun, "it is one model (N = 3, leaving out agent 0)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := inference.Select(st, tc.selection)
			var refused *inference.RequestError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, tc.field, refused.Field)
			require.Contains(t, refused.Reason, tc.reason)
			require.ErrorContains(t, err, "inference: read the request: "+tc.field)
		})
	}
}

func TestSelect(t *testing.T) {
	st, run := storeOf(t)
	for name, models := range map[string]int{undefended: 1, "indexing": 3, "indexing_grouped": 2} {
		d := selected(t, st, run[:10], name)
		require.Equal(t, name, d.Models.Defender)
		require.Equal(t, command, d.Command)
		require.Len(t, d.Models.Models, models, name)
		require.NotNil(t, d.Models.Base, name)
		require.False(t, d.Single)
		require.Len(t, d.Game.Game.Attackers, 3)
		attacker, known := d.Attacker(2)
		require.True(t, known)
		require.Equal(t, d.Game.Game.Attackers[2], attacker)
		_, known = d.Attacker(3)
		require.False(t, known)
	}
	d := selected(t, st, modelOf(t, st, "leaving out agent 0")[:12], "")
	require.True(t, d.Single)
	require.Len(t, d.Models.Models, 1)
}

// A run that lacks a model of the defender is reported with the command that completes
// it.
func TestSelectOfAnIncompleteRun(t *testing.T) {
	st, run := storeOf(t)
	require.NoError(t, os.RemoveAll(st.Path(modelOf(t, st, "leaving out agent 1"))))
	_, err := inference.Select(st, inference.Selection{Run: run, Defender: "indexing"})
	var incomplete *inference.IncompleteError
	require.ErrorAs(t, err, &incomplete)
	require.ErrorIs(t, err, store.ErrNotStored)
	require.Equal(t, command, incomplete.Command)
	require.ErrorContains(t, err, "the run is not complete")
	selected(t, st, run, undefended)
}
