package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/summary"
)

func TestTrainingText(t *testing.T) {
	modern := cell.Training{Optimizer: "sgd", LearningRate: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "onecycle"}
	require.Equal(t, "sgd, learning rate 0.1 (onecycle), momentum 0.9, weight decay 0.0005, from drawn weights", trainingText(cell.Model{}, modern))
	modern.Nesterov = true
	require.Contains(t, trainingText(cell.Model{}, modern), "momentum 0.9 (Nesterov), weight decay")
	other := cell.Training{Optimizer: "adam", LearningRate: 0.001, Schedule: "constant", StopWhen: "loss < 0.01 for 2 epochs"}
	require.Equal(t, "adam, learning rate 0.001 (constant), weight decay 0, from the weights 0123456789ab, until loss < 0.01 for 2 epochs",
		trainingText(cell.Model{Weights: "0123456789abcdef"}, other))
}

// A table says after which epochs trainings ended early, and its lines for attackers have
// the epochs of their models.
func TestStoppedTrainings(t *testing.T) {
	game := func(model string, epochs ...int) *summary.GameSummary {
		return &summary.GameSummary{GameResult: summary.GameResult{
			Complete: true, Models: []string{model}, EpochsTrained: epochs, Attackers: []summary.GameAttacker{{Model: model}},
		}}
	}
	point := &summary.PointSummary{Training: cell.Training{Epochs: 50}}
	b := &builder{all: []*series{{games: []played{{point, game("a", 12)}, {point, game("b", 31)}}}}}
	require.Equal(t, " at most, stopped after epoch 12 to 31", b.stopped())
	b.all[0].games = b.all[0].games[:1]
	require.Equal(t, " at most, stopped after epoch 12", b.stopped())
	b.all[0].games = []played{{point, game("a")}}
	require.Empty(t, b.stopped())
	require.Equal(t, 31, game("b", 31).EpochsOf("b", point.Training))
	require.Equal(t, 50, game("b").EpochsOf("b", point.Training))
	require.Equal(t, 50, game("b", 31).EpochsOf("c", point.Training))
}
