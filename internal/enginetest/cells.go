package enginetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets/testset"
	"backfire/defenses"
	"backfire/defenses/definition"
	"backfire/defenses/mix"
	"backfire/experiments/cell"
	"backfire/game"
	"backfire/triggers"
)

// ExampleCell returns a cell whose mandatory fields all differ from zero.
func ExampleCell() cell.Cell {
	attacker := func(id int) game.Attacker {
		return game.Attacker{
			ID: id, Target: 2, PoisonRate: 0.2, LabelMode: game.DirtyLabel,
			Trigger: triggers.Spec{P1: 0.2, P2: 0.3, Range: triggers.PerDimension},
		}
	}
	return cell.Cell{
		Format: cell.Format,
		Data: cell.Data{
			Name: "mnist", Checksum: strings.Repeat("ab", 32), Images: 60000,
			Shape: triggers.Shape{C: 1, H: 28, W: 28}, Classes: []string{"0", "1", "2"},
		},
		Game: game.Rules{
			Seed: 1<<64 - 1, PoolSize: 60000, DefenderShare: 0.4, HeldOut: 0.2,
			Attackers: []game.Attacker{attacker(3), attacker(4)}, Sampling: game.PerAgent,
			ExcludeTargetClass: true, Denominator: game.Own,
		},
		Model: cell.Model{Architecture: cell.ResNet18, Width: 64},
		Training: cell.Training{
			Epochs: 50, Batch: 32, Optimizer: "sgd", LearningRate: 0.1, Momentum: 0.9,
			WeightDecay: 5e-4, Nesterov: true, Schedule: "onecycle",
		},
	}
}

// DefendedCell returns the example cell with a defense of each kind that changes batches, and an
// excluded attacker.
func DefendedCell() cell.Cell {
	c := ExampleCell()
	var stack defenses.Stack
	for _, d := range defenses.Definitions() {
		if d.Acts(definition.Batches) || d.Kind == defenses.KindAgentAugmentation {
			stack = stack.With(d.Kind, d.Default())
		}
	}
	stack = stack.With(defenses.KindCutMix, &mix.Settings{Alpha: 1, Probability: 0.5}).With(defenses.KindMixUp, &mix.Settings{Alpha: 2, Probability: 0.5})
	c.Defense = &cell.Defense{Stack: stack, Excluded: []int{4}}
	return c
}

// TrainingOf deals the game of a cell on the tiny set. It returns the game, the training set as the
// cell's defense leaves it, and the simulated attacker of each row.
func TrainingOf(t *testing.T, cell cell.Cell) (*game.Game, *game.TrainingSet, []int) {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	g, err := game.New(set, cell.Game)
	require.NoError(t, err)
	training, simulated, err := cell.TrainingSet(g.Training(), g.Triggers())
	require.NoError(t, err)
	return g, training, simulated
}
