package cell_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/internal/enginetest"
)

func TestFieldsOfACell(t *testing.T) {
	fields, err := enginetest.DefendedCell().Fields()
	require.NoError(t, err)
	values := map[string]string{}
	for _, field := range fields {
		values[field.Path] = field.Value
	}
	for path, want := range map[string]string{
		"game.seed": "18446744073709551615", "game.attackers[1].id": "4", "game.attackers[1].trigger.p2": "0.3",
		"training.nesterov": "true", "data.classes[2]": "2", "defense.excluded[0]": "4", "training.weight_decay": "0.0005",
	} {
		require.Equal(t, want, values[path], path)
	}
	at := slices.IndexFunc(fields, func(f cell.Field) bool { return f.Path == "game.attackers[1].trigger.p2" })
	require.Equal(t, "game.attackers.trigger.p2", fields[at].Key)
}
