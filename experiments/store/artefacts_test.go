package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/enginetest"
)

func TestPerImageTriggersHaveNoPicture(t *testing.T) {
	cell := enginetest.ExampleCell()
	require.True(t, store.Artefacts{Triggers: true}.Of(cell).Triggers)
	cell.Game.Sampling = game.PerImage
	require.False(t, store.Artefacts{Triggers: true}.Of(cell).Triggers)
}
