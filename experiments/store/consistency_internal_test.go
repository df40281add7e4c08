package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/game"
)

// A result has the targets of its cell: none with the mapping all_to_all, where results of earlier versions have
// class 0.
func TestResultHasTheTargetsOfItsCell(t *testing.T) {
	for _, tc := range []struct {
		mapping game.Mapping
		target  game.TargetLabel
		label   string
		fits    bool
	}{
		{game.AllToAll, game.NoTarget, "", true},
		{game.AllToAll, 0, "a", true},
		{game.AllToAll, 0, "", false},
		{game.AllToAll, 1, "b", false},
		{game.AllToAll, game.NoTarget, "a", false},
		{game.AllToOne, 0, "a", true},
		{game.AllToOne, game.NoTarget, "", false},
	} {
		c := cell.Cell{Game: game.Rules{Attackers: []game.Attacker{{Mapping: tc.mapping}}}, Data: cell.Data{Classes: []string{"a", "b"}}}
		r := Result{Attackers: []AttackerResult{{AttackerScore: game.AttackerScore{Target: tc.target}, Label: tc.label}}}
		require.Equal(t, tc.fits, r.fits(c) == nil, "%+v", tc)
	}
}
