package cell_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

func TestReadingsOf(t *testing.T) {
	rules := enginetest.ExampleCell().Game
	want := cell.Readings{
		TriggerRange: string(triggers.PerDimension), Sampling: string(game.PerAgent), LabelMode: string(game.DirtyLabel),
		ExcludeTargetClass: true, Denominator: string(game.Own),
	}
	require.Equal(t, want, cell.ReadingsOf(rules))
	rules.Attackers[1].Trigger = triggers.Spec{Kind: triggers.Picture}
	rules.Attackers[1].LabelMode = game.CleanLabel
	rules.Attackers[1].Budget = game.AnyImage
	want.Budget = "mixed"
	want.TriggerKind, want.TriggerRange, want.LabelMode = "mixed", "mixed", "mixed"
	require.Equal(t, want, cell.ReadingsOf(rules))
}
